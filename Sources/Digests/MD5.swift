import CCrypto

/// MD5 (RFC 1321), for file formats that name a part by it. It protects nothing.
public enum MD5 {
    /// The digest in 32 capital hexadecimal digits; nil where libcrypto is set up to offer none.
    public static func hex(_ bytes: [UInt8]) -> String? {
        var digest = [UInt8](repeating: 0, count: 16)
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil) == 1 else { return nil }
        let digits = Array("0123456789ABCDEF")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
