import Sockets

/// One client's connection: reads requests one after the other, hands them to the handler, and writes the answers in
/// order.
///
/// The next request is not read before the answer to the last one is there, so that memory stays bounded and pipelined
/// requests are answered in order (RFC 9112 §9.3.2).
final class Connection: @unchecked Sendable {
    // Safe to share: constants, and state that is touched on the loop only. What other threads ask for comes through
    // `enter`, which posts it to the loop.

    /// Where the present request stands.
    enum Phase {
        /// Between requests, or within a head.
        case head
        /// The handler has the head. It has not asked for the body, or the body is complete: nothing is read.
        case waiting
        /// The body is gathered for the handler.
        case collecting
        /// The body is thrown away.
        case discarding
        /// The answer comes bit by bit: nothing is read.
        case streaming
        /// The last answer is on its way; then the connection is closed.
        case ending
        /// The sending side is closed; what still comes is thrown away, so that the client is not reset before it has
        /// seen the answer (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// What the handler, or the server itself, says to a request.
    enum Answer {
        case response(Response)
        case stream(Response, StreamState)
        /// An error that the server raises.
        case problem(Problem)
    }

    /// Output above which nothing more is read.
    static let outputLimit = 256 << 10

    let socket: StreamSocket
    let remoteAddress: SocketAddress
    let server: HTTPServer
    let loop: EventLoop
    /// Place in the loop's table; -1 outside.
    var slot = -1
    /// Accepted beyond the number of connections that are allowed: it has no place.
    private(set) var isSurplus: Bool

    var phase = Phase.head
    var parser: RequestParser
    /// Bytes that have been read but not used, from `inputOffset` on.
    var input: [UInt8] = []
    var inputOffset = 0
    /// The socket may have something to read, as far as is known.
    var mayRead = true
    /// The peer has closed its sending side: the end has been read.
    var hasReadEnd = false
    /// The peer has closed its sending side, though data may wait before that.
    var isPeerClosed = false

    /// The request that is being answered.
    var exchange: ExchangeState?
    /// The whole request has been read.
    var isBodyComplete = true
    /// Bytes have come behind the head.
    var isBodyComing = false
    var body: [UInt8] = []
    var bodyBytes = 0
    var completion: (@Sendable (Result<[UInt8], BodyFailure>) -> Void)? {
        didSet { if completion == nil { progress = nil } }
    }
    /// Hears of the body's bytes until it is complete or given up.
    var progress: (@Sendable (_ bytes: Int) -> Void)?
    var answer: Answer?
    var stream: StreamState?
    var isStreamChunked = false
    var isStreamKeptAlive = false
    var hasStreamContent = false
    var streamStatus = HTTPStatus.ok
    var streamBytes = 0

    var output = OutputQueue()
    /// Answers that are on their way out, for the log.
    var records: [PendingRecord] = []
    /// Whether anything has been answered on this connection.
    var hasAnswered = false

    /// `process` is running further up the stack.
    var isProcessing = false
    /// Something was said meanwhile from within.
    var hasNews = false
    /// The present request's first byte, or the connection's start; milliseconds of the loop's clock.
    var headStart: UInt64
    var requestStart: UInt64
    var idleStart: UInt64
    var bodyStart: UInt64 = 0
    var bodyPace = BytePace()
    /// Since the server has begun to hurry.
    var hurriedPace: BytePace?
    var lastRead: UInt64 = 0
    var writeStart: UInt64 = 0
    var writePace = BytePace()
    var lastWrite: UInt64 = 0
    var lingerStart: UInt64 = 0

    init(socket: StreamSocket, remoteAddress: SocketAddress, server: HTTPServer, loop: EventLoop, isSurplus: Bool) {
        self.socket = socket
        self.remoteAddress = remoteAddress
        self.server = server
        self.loop = loop
        self.isSurplus = isSurplus
        parser = RequestParser(limits: server.configuration.limits)
        let now = Clock.milliseconds
        (headStart, requestStart, idleStart) = (now, now, now)
    }

    /// Whether it is to be served: it has a place, or gets one that has become free.
    func takesPlace() -> Bool {
        if isSurplus, server.takePlace(for: remoteAddress) { isSurplus = false }
        return !isSurplus
    }

    func start() {
        guard !server.isCutting, loop.add(self) else { return close(.cut) }
        process()
    }

    /// Runs `work` on the loop: at once when it comes from within this connection's own processing, else in a turn of
    /// its own.
    func enter(_ work: @escaping @Sendable (Connection) -> Void) {
        if loop.isCurrent, isProcessing {
            hasNews = true
            work(self)
        } else {
            loop.post { [self] in
                work(self)
                process()
            }
        }
    }

    /// Takes a readiness report.
    func handle(_ event: Poller.Event) {
        if event.readable || event.read_closed || event.hung_up { mayRead = true }
        if event.read_closed || event.hung_up { isPeerClosed = true }
        switch phase {
        case .waiting, .streaming:
            // RST, or both sides closed: nobody is there.
            if event.hung_up { return close(.clientGone) }
        default: break
        }
        process()
    }

    /// The peer has closed its sending side, and nobody waits like that for an answer that takes long.
    func leaveIfSlow() {
        if let exchange, exchange.withLock({ $0.isSlow }) { close(.clientGone) }
    }

    /// Between two requests, with nothing to write.
    var isIdle: Bool {
        if case .head = phase { output.isEmpty && parser.isIdle && inputOffset == input.count } else { false }
    }

    /// How readily the connection is given up when there are too many, lower ranks first, and since when; nil while
    /// somebody may be waiting for an answer. Whoever sends half a head and no more, or does not close after the last
    /// answer, must not keep a health check out.
    var spareness: (rank: Int, since: UInt64)? {
        switch phase {
        case .head where isIdle: (0, idleStart)
        case .lingering: (1, lingerStart)
        case .head where isSurplus && output.isEmpty: (2, headStart)
        default: nil
        }
    }

    /// Ends at once, whatever is going on.
    func close(_ outcome: AnswerRecord.Outcome) {
        if case .closed = phase { return }
        phase = .closed
        loop.remove(self)
        socket.close()
        (input, body) = ([], [])
        let (completion, stream, exchange) = (completion, stream, exchange)
        if let exchange { record(exchange, status: nil, streamOutcome: outcome) }
        (self.completion, self.stream, self.exchange) = (nil, nil, nil)
        if case .stream(_, let stream)? = answer { stream.disconnect() }
        answer = nil
        for record in records { emit(record, outcome) }
        records = []
        output.removeAll()
        completion?(.failure(.disconnected))
        stream?.disconnect()
        exchange?.disconnect()
        server.didClose(self)
    }

    /// The server goes down: ends now when nothing is going on, else after the next answer.
    func drain() {
        if server.isCutting { return close(.cut) }
        process()
        if isIdle { close(.complete) }
    }
}
