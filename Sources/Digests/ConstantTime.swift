import CCrypto

/// Whether two byte strings are equal, in a time that tells a stranger nothing about where they differ.
///
/// Meant for keys and digests. The lengths are not secret: strings of different lengths are told apart at once, so
/// compare digests of keys where the length of a key matters.
public func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}
