/// Reads a tile from an image, mirrored where the image is smaller than a tile (network description, section 8).
enum TileReader {
    /// - Parameter tile: receives `(grid.tileHeight, grid.tileWidth, 3)`.
    static func read(
        _ index: Int, of grid: TileGrid, from source: any TileSource, into tile: UnsafeMutablePointer<Float>
    ) throws {
        let rectangle = grid[index]
        let stride = grid.tileWidth * 3
        try source.readRGB(
            rows: rectangle.y..<rectangle.y + rectangle.height, columns: rectangle.x..<rectangle.x + rectangle.width,
            into: tile, rowStride: stride)
        // An axis with mirrored pixels has one tile, which starts at 0: positions in the tile and in the image agree.
        for column in rectangle.width..<grid.tileWidth {
            let origin = grid.columns.source(of: column)
            for row in 0..<rectangle.height {
                let line = tile + row * stride
                for channel in 0..<3 { line[column * 3 + channel] = line[origin * 3 + channel] }
            }
        }
        for row in rectangle.height..<grid.tileHeight {
            (tile + row * stride).update(from: tile + grid.rows.source(of: row) * stride, count: stride)
        }
    }
}
