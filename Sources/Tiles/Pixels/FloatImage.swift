/// An image of floats in memory: a source, a sink, or both at once (restored in place).
public final class FloatImage: TileSource, RowSink, @unchecked Sendable {
    // Safe to share: the scheduler never reads a row while or after it writes it; everyone else waits for completion.

    public let width: Int
    public let height: Int
    /// `(height, width, 3)` row-major, RGB. Not to be touched while a restoration uses the image.
    public let pixels: UnsafeMutableBufferPointer<Float>

    /// A black image.
    public init(width: Int, height: Int) {
        precondition(width >= 1 && height >= 1, "an image needs a pixel")
        self.width = width
        self.height = height
        pixels = .allocate(capacity: width * height * 3)
        pixels.initialize(repeating: 0)
    }

    deinit {
        pixels.deallocate()
    }

    public func readRGB(
        rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
    ) throws {
        for (line, row) in rows.enumerated() {
            let source = self.pixels.baseAddress! + (row * width + columns.lowerBound) * 3
            (pixels + line * rowStride).update(from: source, count: columns.count * 3)
        }
    }

    public func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) throws {
        (pixels.baseAddress! + rows.lowerBound * width * 3).update(from: restored, count: rows.count * width * 3)
    }
}
