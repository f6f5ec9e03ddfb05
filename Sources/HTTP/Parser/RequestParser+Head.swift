extension RequestParser {
    /// False when more input is needed.
    mutating func readRequestLine(_ input: Line, at offset: inout Int) throws(ParseFailure) -> Bool {
        try readLine(input, at: &offset, limit: limits.requestLine, Self.tooLongRequestLine) {
            parser, line throws(ParseFailure) in
            try parser.head.readRequestLine(line)
            parser.state = .fieldLine
        }
    }

    /// Reads a line of the head or of the trailers; whether it was the empty one, nil when more input is needed.
    mutating func readSectionLine(
        _ input: Line, at offset: inout Int, _ body: (inout RequestParser, Line) throws(ParseFailure) -> Void
    ) throws(ParseFailure) -> Bool? {
        var isLast = false
        let isRead = try readLine(input, at: &offset, limit: limits.headerBytes - sectionBytes, Self.tooLongHeader) {
            parser, line throws(ParseFailure) in
            isLast = line.isEmpty
            if !isLast { try body(&parser, line) }
        }
        return isRead ? isLast : nil
    }

    mutating func readField(_ line: Line) throws(ParseFailure) {
        try countField(line, head.fieldCount)
        try head.readField(line)
    }

    /// Trailers are held to the same syntax and bounds as a head, and then dropped: nothing here needs one, and merging
    /// them into the head is how they would do harm (RFC 9110 §6.5.1).
    mutating func readTrailer(_ line: Line) throws(ParseFailure) {
        try countField(line, trailerCount)
        trailerCount += 1
        _ = try HeadBuilder.field(line)
    }

    private mutating func countField(_ line: Line, _ count: Int) throws(ParseFailure) {
        sectionBytes += line.count + 2
        guard count < limits.headerCount else {
            throw .headerTooLarge("There are more than \(limits.headerCount) header lines.", limit: limits.headerCount)
        }
    }

    static func tooLongHeader(_ parser: borrowing RequestParser) -> ParseFailure {
        .headerTooLarge(
            "The header lines are longer than \(parser.limits.headerBytes) bytes.", limit: parser.limits.headerBytes)
    }

    /// RFC 9112 §3: 414 for a target that is too long, 501 for a method that is.
    static func tooLongRequestLine(_ parser: borrowing RequestParser) -> ParseFailure {
        ParseFailure(
            status: .uriTooLong, code: "uri_too_long",
            detail: "The request line is longer than \(parser.limits.requestLine) bytes.",
            limit: parser.limits.requestLine)
    }
}
