/// A request method (RFC 9110 §9): a case-sensitive token.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let get = HTTPMethod(rawValue: "GET")
    public static let head = HTTPMethod(rawValue: "HEAD")
    public static let post = HTTPMethod(rawValue: "POST")
    public static let put = HTTPMethod(rawValue: "PUT")
    public static let delete = HTTPMethod(rawValue: "DELETE")
    public static let connect = HTTPMethod(rawValue: "CONNECT")
    public static let options = HTTPMethod(rawValue: "OPTIONS")
    public static let trace = HTTPMethod(rawValue: "TRACE")
    public static let patch = HTTPMethod(rawValue: "PATCH")
    /// A safe request with content (draft-ietf-httpbis-safe-method-w-body; an operation of OpenAPI 3.2).
    public static let query = HTTPMethod(rawValue: "QUERY")

    /// The methods whose meaning the server knows. Others are answered with 501 (RFC 9110 §9.1): they say nothing about
    /// the resource, while 405 says that the resource does not offer a known one.
    static let known: [HTTPMethod] = [
        get, head, post, put, delete, connect, options, trace, patch, query,
    ]

    public var description: String { rawValue }
}
