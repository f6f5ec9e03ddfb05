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
