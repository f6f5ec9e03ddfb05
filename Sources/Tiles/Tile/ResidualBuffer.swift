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
