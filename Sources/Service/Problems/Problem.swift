import Foundation

/// What went wrong with a request, as the client reads it: RFC 9457 problem details.
///
/// `detail` is public text. It may name a parameter of ours, never repeat what the client sent.
public struct Problem: Error, Equatable, Sendable {
    public var status: Int
    public var code: Code
    public var detail: String
    /// The limit that was hit and what came instead, in the unit that `detail` names.
    public var limit: Int?
    public var actual: Int?
    /// Seconds after which another try makes sense.
    public var retryAfterSeconds: Int?
    /// Further headers of the answer: `Allow`, `Accept-Post`, `WWW-Authenticate`.
    public var headers: [(name: String, value: String)] = []

    public init(
        _ status: Int, _ code: Code, _ detail: String, limit: Int? = nil, actual: Int? = nil,
        retryAfterSeconds: Int? = nil, headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.limit = limit
        self.actual = actual
        self.retryAfterSeconds = retryAfterSeconds
        self.headers = headers
    }

    public static func == (left: Problem, right: Problem) -> Bool {
        left.status == right.status && left.code == right.code && left.detail == right.detail
            && left.limit == right.limit && left.actual == right.actual
            && left.retryAfterSeconds == right.retryAfterSeconds
            && left.headers.map(\.name) == right.headers.map(\.name)
            && left.headers.map(\.value) == right.headers.map(\.value)
    }

    /// The body: `application/problem+json`.
    public func json(requestID: String) -> Data {
        struct Body: Encodable {
            let type, title: String
            let status: Int
            let detail, code, request_id: String
            let limit, actual: Int?
        }
        let body = Body(
            type: "about:blank", title: code.title, status: status, detail: detail, code: code.rawValue,
            request_id: requestID, limit: limit, actual: actual)
        return JSON.encode(body)
    }

    public static let contentType = "application/problem+json"
}
