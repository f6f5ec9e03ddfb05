/// One line of an access log: what was asked and what came of it.
public struct AnswerRecord: Sendable {
    public enum Outcome: Sendable {
        /// The whole answer went out.
        case complete
        /// The client left, or took too long, before it had the whole answer.
        case clientGone
        /// The server cut the answer: a drain's deadline, or a stream that was aborted.
        case cut
    }

    /// Nil when the request line was broken.
    public let method: HTTPMethod?
    /// The raw target; nil when the request line was broken. What a client sent: escape it before it meets a log.
    public let target: String?
    /// What the handler put into ``Exchange/route``.
    public let route: String?
    /// Nil when the client left before an answer began.
    public let status: HTTPStatus?
    /// From the first byte of the request to the last byte of the answer.
    public let seconds: Double
    public let requestID: String
    /// Bytes of the request's body that were read.
    public let requestBodyBytes: Int
    /// Bytes of the answer's body.
    public let responseBodyBytes: Int
    /// The code of the problem, where the server itself (not the handler) raised one.
    public let serverProblem: String?
    /// The peer's address without its port.
    public let remoteHost: String
    public let outcome: Outcome
    /// The whole head, for what else a log wants; nil when the message was broken before it had one.
    public let head: RequestHead?
}
