/// Where a restoration puts its finished rows.
public protocol RowSink: Sendable {
    /// Takes finished rows. Called from worker threads, one call at a time, from top to bottom, each row once.
    ///
    /// - Parameters:
    ///   - rows: which rows of the image.
    ///   - restored: `(rows.count, width, 3)` row-major, RGB, unclamped: input + strength · residual. Valid during
    ///     the call.
    /// - Throws: what makes the result unwritable; the restoration fails with it.
    func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) throws
}
