import Foundation

extension MultipartForm {
    /// Takes a body apart (RFC 7578, RFC 2046 §5.1.1). Nothing may stand before the first delimiter but an empty line;
    /// what follows the last one is ignored, as RFC 2046 asks.
    ///
    /// - Parameter boundary: the media type's parameter.
    /// - Throws: ``Failure`` when the body breaks the format or a limit.
    public init(body: [UInt8], boundary: String, limits: Limits = Limits()) throws(Failure) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // RFC 2046 §5.1.1: 1 to 70 characters.
        guard (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ ByteClass.isFieldValue($0) }) else {
            throw Failure(detail: "The boundary is not 1 to 70 characters long.")
        }
        var parts: [Part] = []
        // The first delimiter may stand at the very beginning, without the CRLF before it.
        var index = 0
        if body.starts(with: [0x0D, 0x0A]) { index = 2 }
        guard body[index...].starts(with: delimiter[2...]) else {
            throw Failure(detail: "The form does not begin with its boundary.")
        }
        index += delimiter.count - 2
        while true {
            if body[index...].starts(with: [0x2D, 0x2D]) { break }
            // Transport padding (RFC 2046 §5.1.1).
            while index < body.count, ByteClass.isSpace(body[index]) { index += 1 }
            guard body[index...].starts(with: [0x0D, 0x0A]) else {
                throw Failure(detail: "A boundary is not followed by a line's end.")
            }
            index += 2
            guard parts.count < limits.parts else {
                throw Failure(detail: "The form has more than \(limits.parts) parts.")
            }
            let headers = try Self.readHeaders(body, &index, limit: limits.headerBytes)
            guard let end = Self.find(delimiter, in: body, from: index) else {
                throw Failure(detail: "The form's last part is not ended by the boundary.")
            }
            parts.append(try Self.part(headers, index..<end))
            index = end + delimiter.count
        }
        self.parts = parts
    }

    /// The content of a part.
    public func bytes(of part: Part, in body: [UInt8]) -> ArraySlice<UInt8> { body[part.range] }

    /// Reads the part's header lines and the empty line behind them.
    private static func readHeaders(_ body: [UInt8], _ index: inout Int, limit: Int) throws(Failure) -> HTTPHeaders {
        var headers = HTTPHeaders()
        let start = index
        while true {
            var end = index
            while end < body.count, body[end] != 0x0D, end - start <= limit {
                guard ByteClass.isFieldValue(body[end]) else {
                    throw Failure(detail: "A part's header holds a control character.")
                }
                end += 1
            }
            guard end - start <= limit else {
                throw Failure(detail: "A part's header is longer than \(limit) bytes.")
            }
            guard end + 1 < body.count, body[end + 1] == 0x0A else {
                throw Failure(detail: "A part's header is not complete.")
            }
            let line = index..<end
            index = end + 2
            if line.isEmpty { return headers }
            let field: HTTPHeaders.Field? = body.withUnsafeBufferPointer {
                try? HeadBuilder.field(UnsafeBufferPointer(rebasing: $0[line]))
            }
            guard let field else { throw Failure(detail: "A part's header line is broken.") }
            headers.append(checked: field)
        }
    }

    private static func part(_ headers: HTTPHeaders, _ range: Range<Int>) throws(Failure) -> Part {
        guard let text = headers["Content-Disposition"],
            let (kind, parameters) = disposition(text), kind == "form-data",
            let name = parameters["name"]
        else { throw Failure(detail: "A part has no Content-Disposition of form-data with a name.") }
        return Part(
            name: name, filename: parameters["filename"],
            contentType: headers["Content-Type"].flatMap { MediaType($0) }, headers: headers, range: range)
    }

    /// Content-Disposition as forms write it: a quoted value ends at the next quotation mark, and a backslash is taken
    /// as it is, because browsers escape neither but write `%22` (RFC 7578 §2, HTML's form encoding).
    private static func disposition(_ text: String) -> (kind: String, parameters: [String: String])? {
        let bytes = Array(text.utf8)
        var index = 0
        func skipSpace() { while index < bytes.count, ByteClass.isSpace(bytes[index]) { index += 1 } }
        func token() -> String {
            let start = index
            while index < bytes.count, ByteClass.isToken(bytes[index]) { index += 1 }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        let kind = token().lowercased()
        var parameters: [String: String] = [:]
        while true {
            skipSpace()
            if index == bytes.count { return (kind, parameters) }
            guard bytes[index] == UInt8(ascii: ";") else { return nil }
            index += 1
            skipSpace()
            if index == bytes.count { return (kind, parameters) }
            let name = token().lowercased()
            guard !name.isEmpty, index < bytes.count, bytes[index] == UInt8(ascii: "=") else { return nil }
            index += 1
            var value: String
            if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                guard let end = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
                value = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
                index = end + 1
            } else {
                value = token()
            }
            value = value.replacingOccurrences(of: "%22", with: "\"")
            guard parameters.updateValue(value, forKey: name) == nil else { return nil }
        }
    }

    /// Where the delimiter next stands. Looks at the first byte of each candidate alone until it fits: carriage returns
    /// followed by a line feed and dashes are rare in any body.
    private static func find(_ delimiter: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        body.withUnsafeBytes { body in
            delimiter.withUnsafeBytes { delimiter in
                guard let base = body.baseAddress, let pattern = delimiter.baseAddress else { return nil }
                var index = start
                while index + delimiter.count <= body.count {
                    guard let found = memchr(base + index, 0x0D, body.count - delimiter.count + 1 - index) else {
                        return nil
                    }
                    index = UnsafeRawPointer(found) - base
                    if memcmp(base + index, pattern, delimiter.count) == 0 { return index }
                    index += 1
                }
                return nil
            }
        }
    }
}
