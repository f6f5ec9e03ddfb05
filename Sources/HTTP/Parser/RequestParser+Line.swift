extension RequestParser {
    typealias Line = UnsafeBufferPointer<UInt8>

    /// Looks for the end of a line and hands the line, without its CRLF, to `body`.
    ///
    /// A line feed without a carriage return, a carriage return without a line feed, and any other control character
    /// end the message at that byte (RFC 9112 §2.2, RFC 9110 §5.5: both are how requests are smuggled past servers that
    /// disagree on where a line ends).
    ///
    /// - Parameter limit: of the line's bytes, without CRLF.
    /// - Returns: false when the line is not complete; what there is of it has been put aside.
    mutating func readLine(
        _ input: UnsafeBufferPointer<UInt8>, at offset: inout Int, limit: Int,
        _ tooLong: (borrowing RequestParser) -> ParseFailure,
        _ body: (inout RequestParser, Line) throws(ParseFailure) -> Void
    ) throws(ParseFailure) -> Bool {
        var index = offset
        var hasReturn = partial.last == 0x0D
        // The index at which the line is too long, were the byte there one of its text.
        let held = partial.count - (hasReturn ? 1 : 0)
        let tooFar = limit - held + offset
        while index < input.count {
            let byte = input[index]
            if hasReturn {
                guard byte == 0x0A else { throw .broken("A carriage return stands without a line feed.") }
                let text = Line(rebasing: input[offset..<max(index - 1, offset)])
                offset = index + 1
                if held == 0 && partial.isEmpty {
                    try body(&self, text)
                } else {
                    partial.append(contentsOf: text)
                    if partial.last == 0x0D { partial.removeLast() }
                    var line: [UInt8] = []
                    swap(&line, &partial)
                    do {
                        try line.withUnsafeBufferPointer { line throws(ParseFailure) in try body(&self, line) }
                    }
                    line.removeAll(keepingCapacity: true)
                    swap(&line, &partial)
                }
                return true
            }
            if byte == 0x0D {
                hasReturn = true
            } else if index >= tooFar {
                throw tooLong(self)
            } else if !ByteClass.isFieldValue(byte) {
                throw .broken(
                    byte == 0x0A
                        ? "A line feed stands without a carriage return." : "A control character stands in a line.")
            }
            index += 1
        }
        partial.append(contentsOf: input[offset..<index])
        offset = index
        return false
    }
}
