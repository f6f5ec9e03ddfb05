/// What a finished restoration did.
public struct RestorationReport: Sendable, Equatable {
    /// The tiles of the image.
    public var grid: TileGrid
    /// One record per tile, row by row.
    public var tiles: [TileRecord]
    /// From being enqueued to the first tile's start.
    public var queueSeconds: Double
    /// From the first tile's start to the last row.
    public var runSeconds: Double

    /// Number of tiles by exit; exit 0 = left as it came.
    public var exits: [Int: Int] {
        tiles.reduce(into: [:]) { counts, tile in
            if let exit = tile.exit { counts[exit, default: 0] += 1 }
        }
    }

    /// Tiles that the guard did not believe.
    public var anomalies: Int {
        tiles.count { $0.anomaly != nil }
    }
}
