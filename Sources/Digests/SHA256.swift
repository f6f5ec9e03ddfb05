import CCrypto

/// An incremental SHA-256 (FIPS 180-4), computed by libcrypto with the processor's instructions where it has them.
///
///     var hash = SHA256()
///     hash.update(body)
///     hash.update("quality=90")
///     let etag = hash.finalize().hex
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new() else { fatalError("libcrypto: out of memory") }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        // libcrypto fails here only after finalize, which consumes this value.
        precondition(EVP_DigestUpdate(context, start, bytes.count) == 1, "libcrypto refused input")
    }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { update($0) }
        }
    }

    /// Takes in the UTF-8 bytes of `text`, without length or terminator.
    public mutating func update(_ text: String) {
        update(text.utf8)
    }

    /// The digest of everything taken in.
    public consuming func finalize() -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        precondition(EVP_DigestFinal_ex(context, &bytes, nil) == 1, "libcrypto gave no digest")
        return SHA256Digest(bytes: bytes)
    }

    /// The digest of `bytes` alone.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of `bytes` alone.
    public static func hash(_ bytes: some Sequence<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }
}
