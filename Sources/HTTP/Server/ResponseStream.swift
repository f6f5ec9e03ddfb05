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
