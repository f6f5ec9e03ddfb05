import Foundation

/// A `multipart/form-data` body in its parts (RFC 7578).
public struct MultipartForm: Sendable {
    /// One part. Its content is a range of the body: nothing is copied.
    public struct Part: Sendable {
        public let name: String
        /// What the client calls its file; never a path to be used.
        public let filename: String?
        public let contentType: MediaType?
        public let headers: HTTPHeaders
        /// Where the content lies in the body.
        public let range: Range<Int>
    }

    /// Bounds of what is taken apart.
    public struct Limits: Sendable {
        public var parts = 64
        public var headerBytes = 8 << 10

        public init() {}
    }

    /// What is wrong with a form, in words for the client.
    public struct Failure: Error, Sendable {
        public let detail: String
    }

    public let parts: [Part]
}

extension MultipartForm {
    /// Takes a body apart (RFC 7578, RFC 2046 §5.1.1). What stands before the first delimiter and behind the last one is
    /// passed over, as RFC 2046 asks.
    ///
    /// - Parameters:
    ///   - boundary: the media type's parameter.
    ///   - body: the whole message body.
    ///   - limits: on parts and their heads.
    /// - Throws: ``Failure`` when the body breaks the format or a limit.
    public init(body: [UInt8], boundary: String, limits: Limits = Limits()) throws(Failure) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // RFC 2046 §5.1.1: 1 to 70 characters.
        guard (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ ByteClass.isFieldValue($0) }) else {
            throw Failure(detail: "The boundary is not 1 to 70 characters long.")
        }
        var parts: [Part] = []
        // The first delimiter may stand at the very beginning, without the CRLF before it.
        var index = delimiter.count - 2
        if !body.starts(with: delimiter[2...]) {
            guard let first = Self.find(delimiter, in: body, from: 0) else {
                throw Failure(detail: "The form does not hold its boundary.")
            }
            index = first + delimiter.count
        }
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

    /// Content-Disposition as forms write it. curl and mail programs write a quotation mark or backslash as a quoted
    /// pair (RFC 9110 §5.6.4); browsers write `%22`, and a backslash as it is (RFC 7578 §2, HTML's form encoding). A
    /// backslash before any other character is therefore that backslash, and so are all where pairs make no sense, as in
    /// `filename="a\"`.
    private static func disposition(_ text: String) -> (kind: String, parameters: [String: String])? {
        disposition(text, hasPairs: true) ?? disposition(text, hasPairs: false)
    }

    private static func disposition(
        _ text: String, hasPairs: Bool
    ) -> (kind: String, parameters: [String: String])? {
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
            let content: [UInt8]
            if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                guard let quoted = quotedValue(bytes, &index, hasPairs: hasPairs) else { return nil }
                content = quoted
            } else {
                let end = bytes[index...].firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
                content = Array(bytes[index..<end].reversed().drop(while: ByteClass.isSpace).reversed())
                guard !content.contains(UInt8(ascii: "\"")) else { return nil }
                index = end
            }
            let value = String(decoding: content, as: UTF8.self).replacingOccurrences(of: "%22", with: "\"")
            guard parameters.updateValue(value, forKey: name) == nil else { return nil }
        }
    }

    /// What stands between the quotation mark at `index` and the one that ends it; nil without that one.
    private static func quotedValue(_ bytes: [UInt8], _ index: inout Int, hasPairs: Bool) -> [UInt8]? {
        let (mark, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        var content: [UInt8] = []
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == mark { return content }
            if hasPairs, byte == backslash, index < bytes.count, bytes[index] == mark || bytes[index] == backslash {
                content.append(bytes[index])
                index += 1
            } else {
                content.append(byte)
            }
        }
        return nil
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
