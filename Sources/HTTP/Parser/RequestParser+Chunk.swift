extension RequestParser {
    /// Bytes of one chunk line; a size needs 16 of them, extensions the rest.
    static let chunkLineLimit = 4096
    /// Bytes of chunk lines that the data does not excuse. Each chunk excuses 16 bytes and twice its own, so that only
    /// a client that sends next to nothing but extensions gets here.
    static let chunkOverheadLimit = 16 << 10

    /// False when more input is needed.
    mutating func readChunkLine(_ input: Line, at offset: inout Int) throws(ParseFailure) -> Bool {
        try readLine(input, at: &offset, limit: Self.chunkLineLimit, Self.tooLongChunkLine) {
            parser, line throws(ParseFailure) in
            try parser.beginChunk(line)
        }
    }

    /// `chunk-size [ chunk-ext ]` (RFC 9112 §7.1).
    mutating func beginChunk(_ line: Line) throws(ParseFailure) {
        var index = 0
        var size = 0
        while index < line.count, let digit = ByteClass.hexValue(line[index]) {
            guard size <= Int.max >> 4 else { throw .broken("A chunk size is beyond all bounds.") }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0 else { throw .broken("A chunk does not begin with a hexadecimal size.") }
        guard Self.areExtensions(line, from: index) else { throw .broken("A chunk's extensions are broken.") }
        chunkOverhead += line.count + 2
        let (excused, overflow) = size.multipliedReportingOverflow(by: 2)
        chunkOverhead = overflow ? 0 : max(chunkOverhead - 16 - min(excused, chunkOverhead), 0)
        guard chunkOverhead <= Self.chunkOverheadLimit else {
            throw .broken("The chunks are more extensions than data.")
        }
        guard size <= bodyLimit - bodyBytes else { throw .tooLarge(limit: bodyLimit) }
        if size > 0 {
            state = .chunkData(remaining: size)
        } else {
            state = .trailerLine
            sectionBytes = 0
            trailerCount = 0
        }
    }

    static func tooLongChunkLine(_ parser: borrowing RequestParser) -> ParseFailure {
        .broken("A chunk line is longer than \(chunkLineLimit) bytes.")
    }

    /// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (RFC 9112 §7.1.1): "bad" white space has to be
    /// read, but a semicolon without a name or white space without a semicolon is no extension.
    private static func areExtensions(_ line: Line, from start: Int) -> Bool {
        var index = start
        func skipSpace() { while index < line.count, ByteClass.isSpace(line[index]) { index += 1 } }
        func skipToken() -> Bool {
            let start = index
            while index < line.count, ByteClass.isToken(line[index]) { index += 1 }
            return index > start
        }
        func skipQuoted() -> Bool {
            index += 1
            while index < line.count {
                switch line[index] {
                case UInt8(ascii: "\""):
                    index += 1
                    return true
                case UInt8(ascii: "\\"): index += 2
                default: index += 1
                }
            }
            return false
        }
        while index < line.count {
            skipSpace()
            guard index < line.count, line[index] == UInt8(ascii: ";") else { return false }
            index += 1
            skipSpace()
            guard skipToken() else { return false }
            let end = index
            skipSpace()
            if index < line.count, line[index] == UInt8(ascii: "=") {
                index += 1
                skipSpace()
                guard index < line.count, line[index] == UInt8(ascii: "\"") ? skipQuoted() : skipToken() else {
                    return false
                }
            } else {
                index = end
            }
        }
        return true
    }
}
