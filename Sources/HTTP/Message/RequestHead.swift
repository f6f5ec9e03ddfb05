/// What precedes a request's body, checked against RFC 9112: whoever holds one need not ask again whether its framing
/// or its Host are sound.
public struct RequestHead: Sendable {
    /// The protocol version of the request line; a higher minor version than 1.1 is taken as 1.1 (RFC 9110 §2.5).
    public enum Version: Sendable { case http10, http11 }

    /// How the body's end is found (RFC 9112 §6.3).
    public enum Framing: Sendable, Equatable {
        case none
        /// Content-Length, in bytes; `Int.max` for one beyond it.
        case length(Int)
        case chunked
    }

    public let method: HTTPMethod
    public let target: RequestTarget
    public let version: Version
    public let headers: HTTPHeaders
    /// The authority that the request is for: of the target in absolute form, else of Host (RFC 9112 §3.2.2); empty in
    /// HTTP/1.0 without Host.
    public let authority: String
    public let framing: Framing
    /// What Expect holds (RFC 9110 §10.1.1); the server answers other expectations than `100-continue` itself.
    public let expectations: [String]
    /// The client is willing to send another request on the connection (RFC 9112 §9.3).
    public let keepsAlive: Bool

    /// Whether a body of at least one byte is announced or possible.
    public var hasBody: Bool { framing != .none && framing != .length(0) }

    /// The client waits for `100 Continue` before it sends the body.
    public var expectsContinue: Bool {
        hasBody && expectations.contains { HTTPHeaders.same($0, "100-continue") }
    }

    /// The announced size of the body in bytes; nil for none and for chunked.
    public var contentLength: Int? {
        if case .length(let bytes) = framing { bytes } else { nil }
    }
}

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
