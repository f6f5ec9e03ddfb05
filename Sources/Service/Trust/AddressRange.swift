import Deblur
import Foundation

/// Addresses of one network: `10.0.0.0/8`, `::1`, `192.0.2.7`.
public struct AddressRange: Sendable, Hashable {
    private let bytes: [UInt8]
    private let prefixBits: Int

    /// - Parameter text: an address, or address/prefix length. Nil when it is neither.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        self.bytes = bytes
        if parts.count == 2 {
            guard let bits = Quantity.whole(String(parts[1])), bits <= bytes.count * 8 else { return nil }
            prefixBits = bits
        } else {
            prefixBits = bytes.count * 8
        }
    }

    /// - Parameter address: numeric, without a port. An IPv4 address mapped into IPv6 counts as IPv4.
    public func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address), other.count == bytes.count else { return false }
        let whole = prefixBits / 8
        guard bytes[..<whole] == other[..<whole] else { return false }
        let rest = prefixBits % 8
        return rest == 0 || (bytes[whole] ^ other[whole]) >> (8 - UInt8(rest)) == 0
    }

    /// Whether the text is a numeric address.
    static func isAddress(_ text: String) -> Bool { bytes(of: text) != nil }

    /// The part of an address that stands for one client: all of IPv4, the /64 of IPv6; the text itself where it is no
    /// address.
    static func network(of address: String) -> String {
        guard let bytes = bytes(of: address), bytes.count == 16 else { return address }
        return bytes[..<8].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "/64"
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return mapped ? Array(bytes[12...]) : bytes
    }
}
