import Sockets

/// What the service is told, and asked, by the server. All hooks are called on event loops and must not block.
public struct ServerHooks: Sendable {
    /// Makes the id of a request; asked once per exchange, when the id is first needed. The head is nil where the
    /// message was broken before it had one.
    public var makeRequestID: @Sendable (RequestHead?) -> String
    /// Why a request is answered with a problem whatever it asks for, where the server itself would answer (`OPTIONS *`)
    /// as well; nil where nothing speaks against it. Asked before the handler.
    public var refusal: @Sendable (_ head: RequestHead, _ peer: SocketAddress) -> Problem?
    /// Fields that an answer carries besides its own, the server's own answers included. The head is nil where the
    /// message was broken before it had one.
    public var answerFields: (@Sendable (RequestHead?) -> HTTPHeaders)?
    /// Told of each answer, the server's own errors included, when it has been handed to the system or has failed.
    public var didAnswer: @Sendable (AnswerRecord) -> Void

    public init(
        makeRequestID: @escaping @Sendable (RequestHead?) -> String = { _ in RequestID.random() },
        refusal: @escaping @Sendable (_ head: RequestHead, _ peer: SocketAddress) -> Problem? = { _, _ in nil },
        answerFields: (@Sendable (RequestHead?) -> HTTPHeaders)? = nil,
        didAnswer: @escaping @Sendable (AnswerRecord) -> Void = { _ in }
    ) {
        self.makeRequestID = makeRequestID
        self.refusal = refusal
        self.answerFields = answerFields
        self.didAnswer = didAnswer
    }
}

/// Identifiers of requests.
public enum RequestID {
    /// 16 random hexadecimal digits.
    public static func random() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Whether a client's own id is kept: 1 to 64 of `A-Za-z0-9_-`.
    public static func isAcceptable(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}

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
    /// What the handler put into ``Exchange/client``.
    public let client: String?
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
