/// The rows of an image that are being blended: as many as a tile is high, never the whole image.
///
/// Tiles arrive in the order of the grid. When a row of tiles is complete, the pixel rows above the next row of tiles
/// are finished, because no later tile covers them: input is added, the sink takes them, and the rest moves up. The
/// same argument makes restoring in place safe: a finished row lies above every tile that is still to be read.
final class RowBand: @unchecked Sendable {
    // Safe to share: it has one user at a time, the worker that blends; the scheduler's lock lies between two of them.

    private let grid: TileGrid
    private let strength: Float
    private let rowWeights: BlendWeights
    /// Per tile column: its weights, each three times, for the three channels of a pixel.
    private let columnWeights: [[Float]]
    /// `(height, grid.width, 3)`, blended residuals.
    private let values: UnsafeMutableBufferPointer<Float>
    /// Rows of `values`.
    private let height: Int
    /// One row of the input, `(grid.width, 3)`.
    private let line: UnsafeMutableBufferPointer<Float>

    init(grid: TileGrid, blend: BlendStyle, strength: Float) {
        self.grid = grid
        self.strength = strength
        rowWeights = BlendWeights(axis: grid.rows, style: blend)
        columnWeights = BlendWeights(axis: grid.columns, style: blend).values.map { weights in
            weights.flatMap { [$0, $0, $0] }
        }
        height = min(grid.tileHeight, grid.height)
        values = .allocate(capacity: height * grid.width * 3)
        values.initialize(repeating: 0)
        line = .allocate(capacity: grid.width * 3)
        line.initialize(repeating: 0)
    }

    deinit {
        values.deallocate()
        line.deallocate()
    }

    /// What a band and its weights take, in bytes.
    static func bytes(for grid: TileGrid) -> Int {
        let band = (min(grid.tileHeight, grid.height) + 1) * grid.width * 3
        let weights = grid.rows.count * grid.tileHeight + grid.columns.count * grid.tileWidth * 4
        return (band + weights) * MemoryLayout<Float>.size
    }

    /// Adds the weighted residual of tile `index`; all tiles before it have been added.
    ///
    /// - Parameter residual: `(grid.tileHeight, grid.tileWidth, 3)`.
    func add(_ residual: UnsafePointer<Float>, of index: Int) {
        let (row, column) = grid.position(of: index)
        let rectangle = grid[index]
        let count = rectangle.width * 3
        columnWeights[column].withUnsafeBufferPointer { weights in
            for y in 0..<rectangle.height {
                let rowWeight = rowWeights.values[row][y]
                let source = residual + y * grid.tileWidth * 3
                let target = values.baseAddress! + (y * grid.width + rectangle.x) * 3
                let weights = weights.baseAddress!
                for i in 0..<count { target[i] += source[i] * (rowWeight * weights[i]) }
            }
        }
    }

    /// Hands the finished rows to the sink if tile `index` completes a row of tiles.
    func finish(after index: Int, source: any TileSource, sink: any RowSink) throws {
        let (row, column) = grid.position(of: index)
        guard column == grid.columns.count - 1 else { return }
        let finished = grid.rows.finished(with: row)
        let base = values.baseAddress!
        let count = grid.width * 3
        for (offset, y) in finished.enumerated() {
            try source.readRGB(rows: y..<y + 1, columns: 0..<grid.width, into: line.baseAddress!, rowStride: count)
            let target = base + offset * count
            let input = line.baseAddress!
            for i in 0..<count { target[i] = input[i] + strength * target[i] }
        }
        try sink.write(rows: finished, base)
        let kept = (height - finished.count) * count
        base.update(from: base + finished.count * count, count: kept)
        (base + kept).update(repeating: 0, count: finished.count * count)
    }
}
