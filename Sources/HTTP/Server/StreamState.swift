import Synchronization

/// What a stream and its connection share.
final class StreamState: Sendable {
    struct Contents {
        var isClosed = false
        /// Bytes given to the stream.
        var written = 0
        /// Of these, bytes that have reached the connection's output.
        var appended = 0
        /// Bytes that wait in the output.
        var waiting = 0
        var onReady: [@Sendable () -> Void] = []

        var pending: Int { written - appended + waiting }
    }
    private let contents = Mutex(Contents())

    func withLock<R: Sendable>(_ body: (inout Contents) -> sending R) -> R { contents.withLock { body(&$0) } }

    /// True for the first caller.
    func close() -> Bool {
        withLock { contents in
            defer { contents.isClosed = true }
            return !contents.isClosed
        }
    }

    /// The connection's output has changed: tells whoever waits for room.
    func update(appended bytes: Int = 0, waiting: Int) {
        let callbacks: [@Sendable () -> Void] = withLock { contents in
            contents.appended += bytes
            contents.waiting = waiting
            guard contents.pending <= ResponseStream.highWater / 2 else { return [] }
            defer { contents.onReady = [] }
            return contents.onReady
        }
        for callback in callbacks { callback() }
    }

    /// The client is gone.
    func disconnect() {
        let callbacks = withLock { contents in
            contents.isClosed = true
            defer { contents.onReady = [] }
            return contents.onReady
        }
        for callback in callbacks { callback() }
    }
}
