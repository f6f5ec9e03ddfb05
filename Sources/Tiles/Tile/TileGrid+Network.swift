import Kernels
import Network

// What a network is asked for in terms of an image's grid.

extension TileGrid {
    /// A tile whose pixels have been read.
    ///
    /// - Parameter pixels: `(tileHeight, tileWidth, 3)`.
    func input(_ index: Int, pixels: UnsafePointer<Float>) -> TileInput {
        TileInput(.pixels(pixels), height: tileHeight, width: tileWidth, index: index)
    }

    /// A tile of an image that has been encoded as a whole.
    func input(_ index: Int, features: any ImageEncoding) -> TileInput {
        let (row, column) = position(of: index)
        return TileInput(
            .features(features, row: rows.starts[row], column: columns.starts[column]), height: tileHeight,
            width: tileWidth, index: index)
    }
}

extension TileNetwork {
    /// Bytes that encoding the whole image takes.
    ///
    /// - Throws: ``TilesError/badOption(name:value:expected:)`` when the network encodes tiles only.
    func imageEncodingBytes(for grid: TileGrid, tile: TileSize) throws(TilesError) -> Int {
        let bytes = imageEncodingBytes(
            height: grid.rows.paddedLength, width: grid.columns.paddedLength, tileSide: tile.side)
        guard let bytes else {
            throw .badOption(
                name: "mode", value: grid.mode.rawValue, expected: "tile, since the model's encoder takes tiles only")
        }
        return bytes
    }

    /// Makes room for encoding the whole image.
    ///
    /// - Throws: ``TilesError/noMemory(bytes:)``; ``TilesError/badOption(name:value:expected:)`` when the network encodes
    ///   tiles only.
    func makeImageEncoding(
        for grid: TileGrid, tile: TileSize, team: ThreadTeam
    ) throws(TilesError) -> any ImageEncoding {
        let bytes = try imageEncodingBytes(for: grid, tile: tile)
        let made = makeImageEncoding(
            height: grid.rows.paddedLength, width: grid.columns.paddedLength, tileSide: tile.side, team: team)
        guard let made else { throw .noMemory(bytes: bytes) }
        return made
    }
}

extension ImageEncoding {
    /// Does the next part of the work on the image, mirrored as its grid says.
    ///
    /// - Returns: the share of all work that is done.
    /// - Throws: what the source throws.
    func advance(reading source: any TileSource, _ grid: TileGrid) throws -> Double {
        try advance { y, row in try TileReader.readRow(y, of: grid, from: source, into: row) }
    }
}
