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
    public static let highWater = 256 << 10

    private let state: StreamState
    private let connection: Connection

    init(state: StreamState, connection: Connection) {
        self.state = state
        self.connection = connection
    }

    deinit { abort() }

    /// Bytes that wait for the client.
    public var pendingBytes: Int { state.withLock { $0.pending } }

    /// Whether the client is gone or the stream has ended.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Sends bytes; an empty write sends nothing.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> WriteResult {
        let result: WriteResult = state.withLock { state in
            guard !state.isClosed else { return .closed }
            state.written += bytes.count
            return state.pending > Self.highWater ? .full : .accepted
        }
        if result != .closed, !bytes.isEmpty { connection.write(bytes, to: state) }
        return result
    }

    /// Calls `body` once, on the event loop, when the client has caught up (at once, when it has) or is gone.
    public func onReady(_ body: @escaping @Sendable () -> Void) {
        let isReady = state.withLock { state in
            let isReady = state.isClosed || state.pending <= Self.highWater / 2
            if !isReady { state.onReady.append(body) }
            return isReady
        }
        if isReady { body() }
    }

    /// Ends the content well.
    public func finish() {
        if state.close() { connection.finish(state) }
    }

    /// Ends the connection, so that the client sees that the content is not complete.
    public func abort() {
        if state.close() { connection.abort(state) }
    }
}
