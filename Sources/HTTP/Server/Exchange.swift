import Sockets
import Synchronization

/// One request and its answer. May be kept and used from any thread; every method returns at once.
///
/// An exchange is answered exactly once, by ``respond(_:)``, ``refuse(_:)`` or ``startStream(_:length:)``: later calls are
/// ignored. An exchange that is let go without an answer gives the client a 500.
public final class Exchange: Sendable {
    /// The peer of the connection (a proxy, where there is one).
    public let remoteAddress: SocketAddress
    private let state: ExchangeState
    private let connection: Connection

    init(state: ExchangeState, connection: Connection) {
        self.state = state
        self.connection = connection
        self.remoteAddress = connection.remoteAddress
    }

    deinit {
        guard state.claimAnswer() else { return }
        let problem = Problem(
            .internalServerError, code: "internal_error", detail: "The request was dropped without an answer.")
        connection.answer(state, with: .problem(problem))
    }

    public var head: RequestHead { state.head }

    /// A name for what was asked, with few different values: the label of metrics.
    public var route: String? {
        get { state.withLock { $0.route } }
        set { state.withLock { $0.route = newValue } }
    }

    /// A name for who asked, with few different values: for logs and metrics.
    public var client: String? {
        get { state.withLock { $0.client } }
        set { state.withLock { $0.client = newValue } }
    }

    /// The request's id, made by ``ServerHooks/makeRequestID`` on first use.
    public var requestID: String {
        state.requestID(connection.server.hooks.makeRequestID)
    }

    /// The server is going down: this answer will be the connection's last.
    public var isDraining: Bool { connection.server.isDraining }

    /// The client has gone, so no answer will reach it.
    public var isDisconnected: Bool { state.withLock { $0.isGone } }

    /// Reads the whole body into one buffer and then calls `completion` on the event loop, which it must not block.
    ///
    /// A body that is announced as larger than the limit is refused with 413 before a byte of it is read; `100
    /// Continue` is sent where the client waits for it.
    ///
    /// - Parameters:
    ///   - limit: in bytes; nil: ``MessageLimits/body``.
    ///   - progress: called on the event loop with the bytes that have come so far, whenever more have. It may answer:
    ///     that ends the collecting with ``BodyFailure/disconnected``.
    ///   - completion: the body, or why there is none; called once.
    public func collectBody(
        limit: Int? = nil, progress: (@Sendable (_ bytes: Int) -> Void)? = nil,
        _ completion: @escaping @Sendable (Result<[UInt8], BodyFailure>) -> Void
    ) {
        connection.collectBody(of: state, limit: limit, progress: progress, completion)
    }

    /// Answers. An answer with an error status may come before the body: what is left of it is read and thrown away
    /// when it is small, else the connection ends after the answer, in a way that lets a client that is still sending
    /// see it.
    public func respond(_ response: Response) {
        guard state.claimAnswer() else { return }
        connection.answer(state, with: .response(response))
    }

    /// Answers with a problem body that carries the request's id.
    public func refuse(_ problem: Problem) {
        respond(problem.response(requestID: requestID))
    }

    /// Begins an answer whose content comes bit by bit. The body of `response` is ignored.
    ///
    /// - Parameters:
    ///   - length: bytes of the whole content, announced as Content-Length; a stream that finishes with another
    ///     number ends the connection. Nil: not known (chunked; in HTTP/1.0 the connection's end ends it).
    ///   - response: status and headers.
    /// - Returns: nil when the exchange has been answered already.
    public func startStream(_ response: Response, length: Int? = nil) -> ResponseStream? {
        guard state.claimAnswer() else { return nil }
        let stream = StreamState(length: length)
        connection.answer(state, with: .stream(response, stream))
        return ResponseStream(state: stream, connection: connection)
    }

    /// Says that the answer will take long. From now on a client that closes its sending side counts as gone, as with a
    /// closed connection; without this mark it still gets its answer.
    public func markSlow() {
        state.withLock { $0.isSlow = true }
        connection.didMarkSlow(state)
    }

    /// Calls `body` once when the client is gone before its answer is complete: at once, when it is already. Called on
    /// the event loop, which it must not block; never called once the whole answer has been handed over.
    public func onDisconnect(_ body: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            if !state.isGone { state.onDisconnect.append(body) }
            return state.isGone
        }
        if isGone { body() }
    }
}

/// What an exchange and its connection share. The connection holds this, and only whoever is to answer holds the
/// ``Exchange``, so that an exchange that nobody can answer any more is noticed.
final class ExchangeState: Sendable {
    struct Contents {
        var route: String?
        var client: String?
        var requestID: String?
        var isAnswered = false
        var isSlow = false
        /// Nobody is there any more to take the answer.
        var isGone = false
        var onDisconnect: [@Sendable () -> Void] = []
    }

    let head: RequestHead
    private let contents = Mutex(Contents())

    init(head: RequestHead) { self.head = head }

    func withLock<R: Sendable>(_ body: (inout Contents) -> sending R) -> R { contents.withLock { body(&$0) } }

    /// The id, made on first use.
    func requestID(_ make: (RequestHead?) -> String) -> String {
        if let id = withLock({ $0.requestID }) { return id }
        let id = make(head)
        return withLock { contents in
            let kept = contents.requestID ?? id
            contents.requestID = kept
            return kept
        }
    }

    /// True for the first caller.
    func claimAnswer() -> Bool {
        withLock { contents in
            defer { contents.isAnswered = true }
            return !contents.isAnswered
        }
    }

    /// The answer is complete: nobody has to be told of a disconnect any more.
    func release() { withLock { $0.onDisconnect = [] } }

    /// The client has gone before the answer was complete.
    func disconnect() {
        let callbacks = withLock { contents in
            contents.isGone = true
            defer { contents.onDisconnect = [] }
            return contents.onDisconnect
        }
        for callback in callbacks { callback() }
    }
}
