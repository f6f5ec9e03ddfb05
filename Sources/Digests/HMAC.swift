import CCrypto

/// HMAC with SHA-256 (RFC 2104): who has the key, and nobody else, can have made it.
public func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> SHA256Digest {
    var code = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    // It fails only where libcrypto has no memory.
    precondition(HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil) != nil, "libcrypto made no HMAC")
    return SHA256Digest(bytes: code)
}
