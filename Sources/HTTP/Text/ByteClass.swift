/// The character classes of RFC 9110 §5.5 and §5.6.2 and of RFC 3986, as bit sets: constants, so that a look-up costs
/// no memory access. The tests hold them against the characters as the RFCs list them.
enum ByteClass {
    private struct Set {
        let low: UInt64
        let high: UInt64

        @inline(__always) func contains(_ byte: UInt8) -> Bool {
            byte < 128 && (byte < 64 ? low : high) &>> UInt64(byte & 63) & 1 != 0
        }
    }

    /// tchar (RFC 9110 §5.6.2).
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        Set(low: 0x03FF6CFA00000000, high: 0x57FFFFFFC7FFFFFE).contains(byte)
    }

    /// What a path or query holds as it is: pchar without the percent sign, "/" and "?" (RFC 3986 §3.3, §3.4).
    @inline(__always) static func isTarget(_ byte: UInt8) -> Bool {
        Set(low: 0xAFFFFFD200000000, high: 0x47FFFFFE87FFFFFF).contains(byte)
    }

    /// What a host name holds as it is: unreserved and sub-delims (RFC 3986 §3.2.2) but for the comma, which no name
    /// has and which would let a list of hosts pass for one.
    @inline(__always) static func isName(_ byte: UInt8) -> Bool {
        Set(low: 0x2BFF6FD200000000, high: 0x47FFFFFE87FFFFFE).contains(byte)
    }

    @inline(__always) static func isHex(_ byte: UInt8) -> Bool {
        Set(low: 0x03FF000000000000, high: 0x0000007E0000007E).contains(byte)
    }

    /// VCHAR, obs-text, space and tab (RFC 9110 §5.5).
    @inline(__always) static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    @inline(__always) static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The value of a hexadecimal digit; nil for any other byte.
    @inline(__always) static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 65...70: Int(byte) - 55
        case 97...102: Int(byte) - 87
        default: nil
        }
    }

    @inline(__always) static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
}
