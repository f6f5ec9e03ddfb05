import Synchronization

/// The content of an answer as it comes into being. May be used from any thread. A stream that is let go before
/// ``finish()`` is aborted.
public final class ResponseStream: Sendable {
    /// What became of a write.
    public enum WriteResult: Sendable {
        /// Accepted.
        case accepted
        /// Accepted, but the client is slower than the writer: wait for ``onReady(_:)`` before writing more. Nothing is
        /// lost by not waiting but memory.
        case full
        /// The client is gone or the stream has ended; the bytes were thrown away.
        case closed
    }

    /// Bytes waiting for the client above which writes say ``WriteResult/full``.
    public static let highWater = 128 << 10

    private let state: StreamState
    private let connection: Connection

    init(state: StreamState, connection: Connection) {
        self.state = state
        self.connection = connection
    }

    deinit { abort() }

    /// Bytes that wait for the client.
    public var pendingBytes: Int { state.pendingBytes }

    /// Whether the client is gone or the stream has ended.
    public var isClosed: Bool { state.isClosed }

    /// Sends bytes; an empty write sends nothing.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> WriteResult {
        guard let (isFirst, pending) = state.put(bytes) else { return .closed }
        if isFirst { connection.pump(state) }
        return pending > Self.highWater ? .full : .accepted
    }

    /// Calls `body` once, on the event loop, when the client has caught up (at once, when it has) or is gone.
    public func onReady(_ body: @escaping @Sendable () -> Void) {
        if state.isReady(orCall: body) { body() }
    }

    /// Ends the content well.
    public func finish() {
        if state.close(finished: true) { connection.pump(state) }
    }

    /// Ends the connection, so that the client sees that the content is not complete.
    public func abort() {
        if state.close(finished: false) { connection.abort(state) }
    }
}

/// What a stream and its connection share: the bytes on their way to the connection's loop, in the order they were
/// written, whichever threads wrote them.
final class StreamState: Sendable {
    private struct Contents {
        var isClosed = false
        /// The end has been written.
        var isFinished = false
        /// Pieces that have not reached the connection's output.
        var pieces: [[UInt8]] = []
        var pieceBytes = 0
        /// Bytes that wait in the output.
        var outputBytes = 0
        var onReady: [@Sendable () -> Void] = []

        var pending: Int { pieceBytes + outputBytes }
    }
    /// Bytes of the whole content where they are known; else it is chunked.
    let length: Int?
    private let contents = Mutex(Contents())

    init(length: Int? = nil) { self.length = length }

    var pendingBytes: Int { contents.withLock { $0.pending } }

    var isClosed: Bool { contents.withLock { $0.isClosed } }

    // MARK: The writer's side

    /// Puts a piece in line; whether the connection has to be told, and the bytes that wait. Nil when it is closed.
    func put(_ bytes: [UInt8]) -> (isFirst: Bool, pending: Int)? {
        contents.withLock { contents in
            guard !contents.isClosed else { return nil }
            let isFirst = contents.pieces.isEmpty
            if !bytes.isEmpty { contents.pieces.append(bytes) }
            contents.pieceBytes += bytes.count
            return (isFirst && !bytes.isEmpty, contents.pending)
        }
    }

    /// Puts the end in line, or closes without one; true for the first caller.
    func close(finished: Bool) -> Bool {
        contents.withLock { contents in
            guard !contents.isClosed else { return false }
            contents.isClosed = true
            contents.isFinished = finished
            return true
        }
    }

    /// Whether the client has caught up; if not, `body` is kept until it has.
    func isReady(orCall body: @escaping @Sendable () -> Void) -> Bool {
        contents.withLock { contents in
            if contents.isClosed || contents.pending <= ResponseStream.highWater / 2 { return true }
            contents.onReady.append(body)
            return false
        }
    }

    // MARK: The connection's side

    /// Takes what is in line, and whether the end comes behind it.
    func take() -> (pieces: [[UInt8]], isFinished: Bool) {
        contents.withLock { contents in
            let taken = contents.pieces
            contents.outputBytes = contents.pending
            (contents.pieces, contents.pieceBytes) = ([], 0)
            return (taken, contents.isFinished)
        }
    }

    /// The output has changed: tells whoever waits for room.
    func update(outputBytes: Int) {
        let callbacks: [@Sendable () -> Void] = contents.withLock { contents in
            contents.outputBytes = outputBytes
            guard contents.pending <= ResponseStream.highWater / 2 else { return [] }
            defer { contents.onReady = [] }
            return contents.onReady
        }
        for callback in callbacks { callback() }
    }

    /// The client is gone.
    func disconnect() {
        let callbacks = contents.withLock { contents in
            contents.isClosed = true
            (contents.pieces, contents.pieceBytes) = ([], 0)
            defer { contents.onReady = [] }
            return contents.onReady
        }
        for callback in callbacks { callback() }
    }
}
