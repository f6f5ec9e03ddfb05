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
