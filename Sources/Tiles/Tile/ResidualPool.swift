import Synchronization

/// Residual buffers that wait for their next tile, so that a tile in the middle of an image allocates nothing.
final class ResidualPool: Sendable {
    private let capacity: Int
    private let free = Mutex<[ResidualBuffer]>([])

    /// - Parameter capacity: values of the largest tile.
    init(capacity: Int) {
        self.capacity = capacity
    }

    func take() -> ResidualBuffer {
        free.withLock { $0.popLast() } ?? ResidualBuffer(capacity: capacity)
    }

    func give(_ buffer: ResidualBuffer) {
        free.withLock { $0.append(buffer) }
    }

    /// Lets go of the buffers that nobody uses.
    func drain() {
        free.withLock { $0.removeAll() }
    }
}

/// The memory of one tile's residual, `(tileHeight, tileWidth, 3)`.
final class ResidualBuffer: @unchecked Sendable {
    // Safe to share: it has one owner at a time, the worker that fills it and then the one that blends it; the
    // scheduler's lock lies between them.
    let values: UnsafeMutablePointer<Float>
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        values = .allocate(capacity: capacity)
    }

    deinit {
        values.deallocate()
    }
}
