import Synchronization

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
