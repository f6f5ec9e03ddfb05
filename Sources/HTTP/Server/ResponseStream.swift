import Synchronization

/// The content of an answer as it comes into being. May be used from any thread.
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

    struct State {
        var isClosed = false
        /// Bytes that have been written here and not yet been taken by the system.
        var pendingBytes = 0
        var onReady: [@Sendable () -> Void] = []
    }
    let state = Mutex(State())
    let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    /// Bytes that wait for the client.
    public var pendingBytes: Int { state.withLock { $0.pendingBytes } }

    /// Sends bytes; an empty write sends nothing.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> WriteResult {
        let result: WriteResult = state.withLock {
            guard !$0.isClosed else { return .closed }
            $0.pendingBytes += bytes.count
            return $0.pendingBytes > Self.highWater ? .full : .accepted
        }
        if result != .closed, !bytes.isEmpty { exchange.connection.write(bytes, to: self) }
        return result
    }

    /// Calls `body` once, on the event loop, when the client has caught up (at once, when it has) or is gone.
    public func onReady(_ body: @escaping @Sendable () -> Void) {
        let isReady = state.withLock {
            let isReady = $0.isClosed || $0.pendingBytes <= Self.highWater / 2
            if !isReady { $0.onReady.append(body) }
            return isReady
        }
        if isReady { body() }
    }

    /// Ends the content well.
    public func finish() {
        guard close() else { return }
        exchange.connection.finish(self)
    }

    /// Ends the connection, so that the client sees that the content is not complete.
    public func abort() {
        guard close() else { return }
        exchange.connection.abort(self)
    }

    private func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}
