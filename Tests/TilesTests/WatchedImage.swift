import Synchronization
import Tiles

/// A source and sink without pixels that writes down who touches which row when.
final class WatchedImage: TileSource, RowSink {
    let width: Int
    let height: Int
    private let state = Mutex((written: 0, violations: [String](), isWriting: false))

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    var violations: [String] { state.withLock { $0.violations } }
    /// Rows 0 ..< writtenRows have been written.
    var writtenRows: Int { state.withLock { $0.written } }

    func readRGB(
        rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
    ) throws {
        state.withLock { state in
            if rows.lowerBound < state.written { state.violations.append("row \(rows.lowerBound) read after writing") }
            let isInside =
                rows.lowerBound >= 0 && rows.upperBound <= height && columns.lowerBound >= 0
                && columns.upperBound <= width && rowStride >= columns.count * 3
            if !isInside { state.violations.append("read of \(rows), \(columns)") }
        }
        // Different first values make different classes and durations.
        for row in 0..<rows.count {
            for index in 0..<columns.count * 3 {
                pixels[row * rowStride + index] = Float((rows.lowerBound + columns.lowerBound) % 13) / 13
            }
        }
    }

    func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) throws {
        state.withLock { state in
            if state.isWriting { state.violations.append("two writers") }
            if rows.lowerBound != state.written || rows.isEmpty || rows.upperBound > height {
                state.violations.append("rows \(rows) after \(state.written)")
            }
            state.written = rows.upperBound
            state.isWriting = true
        }
        state.withLock { $0.isWriting = false }
    }
}
