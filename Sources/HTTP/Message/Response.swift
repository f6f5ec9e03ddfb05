import Foundation

/// A whole answer. The server adds Date, Server, Content-Length and Connection, and leaves the body out where the
/// request (HEAD) or the status (204, 304) has none.
public struct Response: Sendable {
    /// The content, kept without a copy until it is written.
    public enum Body: Sendable {
        case empty
        case bytes([UInt8])
        case data(Data)

        public var count: Int {
            switch self {
            case .empty: 0
            case .bytes(let bytes): bytes.count
            case .data(let data): data.count
            }
        }
    }

    public var status: HTTPStatus
    /// Content-Length, Transfer-Encoding and Connection are the server's own: fields of these names are left out.
    public var headers: HTTPHeaders
    public var body: Body
    /// Let go of when the last byte of the body has been handed to the system, or the connection has ended: what
    /// accounts for the body's memory. Bodies of a few kilobytes let it go at once.
    public var held: (any Sendable)?
    /// Ends the connection after this answer.
    public var closesConnection = false

    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with content of a media type.
    public init(_ status: HTTPStatus, contentType: String, _ bytes: [UInt8]) {
        self.init(status, headers: ["Content-Type": contentType], body: .bytes(bytes))
    }

    /// An answer of plain text.
    public init(_ status: HTTPStatus, text: String) {
        self.init(status, contentType: "text/plain; charset=utf-8", Array(text.utf8))
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}
