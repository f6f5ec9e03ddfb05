/// An error answer as `application/problem+json` (RFC 9457).
public struct Problem: Error, Sendable {
    /// The value of a member beyond the standard ones.
    public enum Value: Sendable, Equatable {
        case integer(Int)
        case number(Double)
        case string(String)
        case strings([String])
    }

    public var status: HTTPStatus
    /// The stable name for programs, such as `bad_request`.
    public var code: String
    /// The same for all problems of a code; nil: the status's reason phrase.
    public var title: String?
    /// What went wrong this time, for people.
    public var detail: String
    /// Extension members, such as `limit` and `actual`, in order.
    public var members: [(name: String, value: Value)]
    /// Fields of the answer, such as Allow or Retry-After.
    public var headers: HTTPHeaders
    /// Ends the connection after this answer.
    public var closesConnection: Bool

    public init(
        _ status: HTTPStatus, code: String, title: String? = nil, detail: String,
        members: [(name: String, value: Value)] = [], headers: HTTPHeaders = HTTPHeaders(),
        closesConnection: Bool = false
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.members = members
        self.headers = headers
        self.closesConnection = closesConnection
    }

    /// The answer. `type` is "about:blank" (RFC 9457 §4.2.1): the code, not a URI, tells problems apart.
    public func response(requestID: String?) -> Response {
        var json = JSONText()
        json.member("type", "about:blank")
        json.member("title", title ?? status.reason)
        json.member("status", status.rawValue)
        json.member("detail", detail)
        json.member("code", code)
        if let requestID { json.member("request_id", requestID) }
        for (name, value) in members {
            switch value {
            case .integer(let number): json.member(name, number)
            case .number(let number): json.member(name, number)
            case .string(let text): json.member(name, text)
            case .strings(let texts): json.member(name, texts)
            }
        }
        var response = Response(status, headers: headers, body: .bytes(json.object()))
        response.headers["Content-Type"] = "application/problem+json"
        if let requestID { response.headers["X-Request-Id"] = requestID }
        // Errors are about this moment: nobody may keep them (RFC 9111 §5.2.2.5).
        if !headers.contains("Cache-Control") { response.headers.add("Cache-Control", "no-store") }
        response.closesConnection = closesConnection
        return response
    }
}

/// Writes a flat JSON object: all that a problem body needs, in the order it was given.
struct JSONText {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A number that JSON cannot write becomes null.
    mutating func member(_ name: String, _ value: Double) {
        key(name)
        bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    }

    mutating func member(_ name: String, _ values: [String]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            string(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    func object() -> [UInt8] { bytes + [UInt8(ascii: "}"), UInt8(ascii: "\n")] }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// RFC 8259 §7: quotation mark, backslash and control characters are escaped.
    private mutating func string(_ text: String) {
        let hex = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x00..<0x20, 0x7F:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
