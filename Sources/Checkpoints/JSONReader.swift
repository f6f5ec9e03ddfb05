/// Reads JSON (RFC 8259) piece by piece, for a header whose form is known: names that occur twice stay visible,
/// numbers are whole or refused, and nothing nests deeper than the caller asks.
struct JSONReader {
    typealias Problem = CheckpointError.Problem

    private let bytes: UnsafeRawBufferPointer
    /// What is being read, for errors.
    private let part: String
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, part: String) {
        self.bytes = bytes
        self.part = part
    }

    /// Reads an object; `member` reads the value that follows each name.
    mutating func object(
        _ member: (_ name: String, _ reader: inout JSONReader) throws(Problem) -> Void
    ) throws(Problem) {
        try expect("{")
        if skip("}") { return }
        repeat {
            let name = try string()
            try expect(":")
            try member(name, &self)
        } while skip(",")
        try expect("}")
    }

    /// Reads an array of whole numbers from 0 to 2^63 − 1.
    mutating func numbers(limit: Int) throws(Problem) -> [Int] {
        try expect("[")
        var values: [Int] = []
        if skip("]") { return values }
        repeat {
            guard values.count < limit else { throw malformed("an array has more than \(limit) numbers") }
            values.append(try number())
        } while skip(",")
        try expect("]")
        return values
    }

    /// Reads a whole number from 0 to 2^63 − 1.
    mutating func number() throws(Problem) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let byte = peek(), (0x30...0x39).contains(byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte - 0x30))
            guard !overflow, !carry else { throw malformed("a number at byte \(start) is too large") }
            value = sum
            position += 1
        }
        let digits = position - start
        guard digits > 0 else { throw unexpected("a whole number") }
        guard digits == 1 || bytes[start] != 0x30 else { throw malformed("a number at byte \(start) begins with 0") }
        return value
    }

    /// Checks that only spaces are left.
    mutating func end() throws(Problem) {
        skipSpace()
        guard position == bytes.count else { throw unexpected("the end") }
    }

    // MARK: Strings

    mutating func string() throws(Problem) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw malformed("a string that ends at byte \(position) is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                text += try escape()
            case 0..<0x20:
                throw malformed("a control character at byte \(position - 1)")
            default:
                text.append(byte)
            }
        }
        throw malformed("a string does not end")
    }

    private mutating func escape() throws(Problem) -> [UInt8] {
        guard let byte = peek() else { throw malformed("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): return Array(String(try escapedScalar()).utf8)
        default: throw malformed("an unknown escape at byte \(position - 1)")
        }
    }

    /// What follows `\u`: four digits, or a surrogate pair of twice four.
    private mutating func escapedScalar() throws(Problem) -> Unicode.Scalar {
        var value = UInt32(try hexUnit())
        if (0xd800..<0xdc00).contains(value) {
            guard peek() == UInt8(ascii: "\\") else { throw malformed("half a surrogate pair at byte \(position)") }
            position += 1
            guard peek() == UInt8(ascii: "u") else { throw malformed("half a surrogate pair at byte \(position)") }
            position += 1
            let low = UInt32(try hexUnit())
            guard (0xdc00..<0xe000).contains(low) else {
                throw malformed("half a surrogate pair at byte \(position)")
            }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw malformed("half a surrogate pair at byte \(position)") }
        return scalar
    }

    private mutating func hexUnit() throws(Problem) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("a hexadecimal digit")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    // MARK: Characters

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard let byte = peek(), byte == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
        guard skip(character) else { throw unexpected("\"\(character)\"") }
    }

    private func unexpected(_ wanted: String) -> Problem {
        let found = peek().map { quoted(String(Unicode.Scalar($0))) } ?? "the end"
        return malformed("expected \(wanted) at byte \(position), came \(found)")
    }

    private func malformed(_ why: String) -> Problem { .malformed(part: part, why) }
}
