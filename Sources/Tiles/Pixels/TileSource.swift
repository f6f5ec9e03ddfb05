/// Where a restoration reads its image.
///
/// Called from worker threads, from several at once. A sink may overwrite the same memory in place: rows that were
/// handed to the sink are never read again, and reading and writing at the same time concerns different rows.
public protocol TileSource: Sendable {
    /// Pixels, at least 1.
    var width: Int { get }
    /// Pixels, at least 1.
    var height: Int { get }

    /// Reads a rectangle as RGB, 0…1.
    ///
    /// - Parameters:
    ///   - rows: within 0 ..< height.
    ///   - pixels: receives `(rows.count, columns.count, 3)`, one row every `rowStride` values.
    ///   - rowStride: values from one row to the next, at least `3·columns.count`.
    ///   - columns: within 0 ..< width.
    /// - Throws: what makes the image unreadable; the restoration fails with it.
    func readRGB(
        rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
    ) throws
}

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
