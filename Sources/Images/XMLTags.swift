/// The tags of an XML document, one after the other (XML 1.0, 2.4 to 2.8 and 3.1), with where they stand: enough to take
/// something out and leave the rest byte for byte. Nothing is resolved, and a document type is not accepted.
struct XMLTags {
    struct Tag {
        enum Kind {
            case start, end, empty
        }

        var kind: Kind
        var name: Range<Int>
        /// From `<` to behind `>`.
        var whole: Range<Int>
        /// Between the name and `>` or `/>`.
        var attributes: Range<Int>
    }

    struct Attribute {
        var name: Range<Int>
        /// Without the quotes.
        var value: Range<Int>
        /// With the white space before it.
        var whole: Range<Int>
    }

    struct Malformed: Error {}

    let text: [UInt8]
    private var offset = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The next tag; nil at the end.
    mutating func next() throws(Malformed) -> Tag? {
        while let start = text.firstIndex(of: "<", from: offset) {
            if text.contains("<!--", at: start) {
                offset = try behind("-->", from: start + 4)
            } else if text.contains("<![CDATA[", at: start) {
                offset = try behind("]]>", from: start + 9)
            } else if text.contains("<?", at: start) {
                offset = try behind("?>", from: start + 2)
            } else if text.contains("<!", at: start) {
                throw Malformed()
            } else {
                return try tag(start)
            }
        }
        return nil
    }

    /// Passes over what is inside of an element whose start tag came last; gives where its end tag ends.
    mutating func skipElement() throws(Malformed) -> Int {
        var depth = 1
        while depth > 0 {
            guard let tag = try next() else { throw Malformed() }
            if tag.kind == .start { depth += 1 }
            if tag.kind == .end { depth -= 1 }
        }
        return offset
    }

    /// The attribute at or behind `offset` in that tag; nil behind the last.
    func attribute(of tag: Tag, from offset: Int) throws(Malformed) -> Attribute? {
        let end = tag.attributes.upperBound
        let start = skipSpace(offset, end)
        guard start < end else { return nil }
        var at = start
        while at < end, !isSpace(text[at]), text[at] != UInt8(ascii: "=") { at += 1 }
        let name = start..<at
        at = skipSpace(at, end)
        guard !name.isEmpty, at < end, text[at] == UInt8(ascii: "=") else { throw Malformed() }
        at = skipSpace(at + 1, end)
        guard at < end, text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: "'"),
            let close = text[(at + 1)..<end].firstIndex(of: text[at])
        else { throw Malformed() }
        return Attribute(name: name, value: at + 1..<close, whole: offset..<close + 1)
    }

    private mutating func tag(_ start: Int) throws(Malformed) -> Tag {
        let isEnd = text.contains("</", at: start)
        var at = start + (isEnd ? 2 : 1)
        let nameStart = at
        while at < text.count, !isSpace(text[at]), text[at] != UInt8(ascii: "/"), text[at] != UInt8(ascii: ">") { at += 1 }
        let name = nameStart..<at
        var quote: UInt8?
        while at < text.count, quote != nil || text[at] != UInt8(ascii: ">") {
            let byte = text[at]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "<") {
                throw Malformed()
            }
            at += 1
        }
        guard at < text.count, !name.isEmpty else { throw Malformed() }
        offset = at + 1
        let isEmpty = !isEnd && text[at - 1] == UInt8(ascii: "/")
        return Tag(
            kind: isEnd ? .end : isEmpty ? .empty : .start, name: name, whole: start..<at + 1,
            attributes: name.upperBound..<(isEmpty ? at - 1 : at))
    }

    // MARK: Bytes

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private func skipSpace(_ offset: Int, _ end: Int) -> Int {
        var at = offset
        while at < end, isSpace(text[at]) { at += 1 }
        return at
    }

    private func behind(_ word: StaticString, from offset: Int) throws(Malformed) -> Int {
        guard let start = text.firstIndex(of: word, from: offset) else { throw Malformed() }
        return start + word.utf8CodeUnitCount
    }
}
