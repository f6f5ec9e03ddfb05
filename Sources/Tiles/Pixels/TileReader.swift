/// Reads a tile from an image, mirrored where the image is smaller than a tile (specification 8).
enum TileReader {
    /// One row of the padded image.
    ///
    /// - Parameter row: receives `(grid.columns.paddedLength, 3)`.
    static func readRow(
        _ y: Int, of grid: TileGrid, from source: any TileSource, into row: UnsafeMutablePointer<Float>
    ) throws {
        let origin = grid.rows.source(of: y), count = grid.columns.paddedLength
        try source.readRGB(rows: origin..<origin + 1, columns: 0..<grid.width, into: row, rowStride: count * 3)
        for column in grid.width..<count {
            (row + column * 3).update(from: row + grid.columns.source(of: column) * 3, count: 3)
        }
    }

    /// - Parameter tile: receives `(grid.tileHeight, grid.tileWidth, 3)`.
    static func read(
        _ index: Int, of grid: TileGrid, from source: any TileSource, into tile: UnsafeMutablePointer<Float>
    ) throws {
        let rectangle = grid[index]
        let stride = grid.tileWidth * 3
        try source.readRGB(
            rows: rectangle.y..<rectangle.y + rectangle.height, columns: rectangle.x..<rectangle.x + rectangle.width,
            into: tile, rowStride: stride)
        // An axis with mirrored pixels has one tile (those of images that are encoded as a whole are not read), which
        // starts at 0: positions in the tile and in the image agree.
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
