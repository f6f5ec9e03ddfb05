import Foundation

/// `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2).
package enum Authority {
    /// Whether the text names a host: a registered name or IPv4 address, or an IP literal in brackets, and perhaps a
    /// port. An empty host names nothing that http can reach (RFC 9110 §4.2.1).
    static func isHost(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isHost($0) }
    }

    /// Whether the text is the host and port of an origin (RFC 6454): ASCII, and a port that is not left empty.
    package static func isOrigin(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "%") } && text.utf8.last != UInt8(ascii: ":")
            && isHost(text)
    }

    static func isHost(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        var index = 0
        if first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), isLiteral(bytes[1..<close]) else { return false }
            index = close + 1
        } else {
            while index < bytes.count, bytes[index] != UInt8(ascii: ":") {
                if bytes[index] == UInt8(ascii: "%") {
                    guard index + 2 < bytes.count, ByteClass.isHex(bytes[index + 1]), ByteClass.isHex(bytes[index + 2])
                    else { return false }
                    index += 3
                } else {
                    guard ByteClass.isName(bytes[index]) else { return false }
                    index += 1
                }
            }
            guard index > 0 else { return false }
        }
        guard index < bytes.count else { return true }
        return bytes[index] == UInt8(ascii: ":") && isPort(bytes[(index + 1)...])
    }

    /// Digits, none at all included; not beyond 65535.
    private static func isPort(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard bytes.allSatisfy({ ByteClass.isDigit($0) }) else { return false }
        let digits = bytes.drop { $0 == UInt8(ascii: "0") }
        return digits.count <= 5 && digits.reduce(0) { $0 * 10 + Int($1 - 48) } <= 65535
    }

    /// An IPv6 address, or `v` 1*HEXDIG `.` 1*( unreserved / sub-delims / ":" ).
    private static func isLiteral(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if let first = bytes.first, ByteClass.lowercase(first) == UInt8(ascii: "v") {
            let rest = bytes.dropFirst()
            guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { return false }
            let (version, address) = (rest[..<dot], rest[(dot + 1)...])
            return !version.isEmpty && version.allSatisfy { ByteClass.isHex($0) } && !address.isEmpty
                && address.allSatisfy { ByteClass.isName($0) || $0 == UInt8(ascii: ":") }
        }
        guard (2...45).contains(bytes.count),
            bytes.allSatisfy({ ByteClass.isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
        else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, String(decoding: bytes, as: UTF8.self), &address) == 1
    }
}
