/// The character classes of RFC 9110 §5.6.2, §5.5 and RFC 3986 §2, as one table look-up per byte.
enum ByteClass {
    private static let token: UInt8 = 1
    private static let fieldValue: UInt8 = 2
    private static let digit: UInt8 = 4
    private static let hex: UInt8 = 8
    /// pchar without the percent sign, "/" and "?": what a path or query may hold as it is (RFC 3986 §3.3, §3.4).
    private static let target: UInt8 = 16
    /// unreserved and sub-delims: what a registered name may hold as it is (RFC 3986 §3.2.2).
    private static let name: UInt8 = 32

    private static let table: InlineArray<256, UInt8> = {
        var table = InlineArray<256, UInt8>(repeating: 0)
        func mark(_ characters: String, _ flags: UInt8) {
            for byte in characters.utf8 { table[Int(byte)] |= flags }
        }
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        mark(letters, token | target | name)
        mark("0123456789", token | digit | hex | target | name)
        mark("abcdefABCDEF", hex)
        mark("!#$%&'*+-.^_`|~", token)
        mark("-._~!$&'()*+,;=", target | name)
        mark(":@/?", target)
        for byte in 0x20...0xFF where byte != 0x7F { table[byte] |= fieldValue }
        table[0x09] |= fieldValue
        return table
    }()

    @inline(__always) static func isToken(_ byte: UInt8) -> Bool { table[Int(byte)] & token != 0 }
    /// VCHAR, obs-text, space and tab.
    @inline(__always) static func isFieldValue(_ byte: UInt8) -> Bool { table[Int(byte)] & fieldValue != 0 }
    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
    @inline(__always) static func isTarget(_ byte: UInt8) -> Bool { table[Int(byte)] & target != 0 }
    @inline(__always) static func isName(_ byte: UInt8) -> Bool { table[Int(byte)] & name != 0 }
    @inline(__always) static func isHex(_ byte: UInt8) -> Bool { table[Int(byte)] & hex != 0 }
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
