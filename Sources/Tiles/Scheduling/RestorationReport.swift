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

/// How a restoration ended.
public enum RestorationOutcome: Sendable {
    case succeeded(RestorationReport)
    /// The source or the sink threw that.
    case failed(any Error)
    case cancelled
}

/// A snapshot of a restoration.
public struct RestorationStatus: Sendable, Equatable {
    public var state: RestorationState
    /// Tiles finished; `total` tiles in all.
    public var done: Int
    public var total: Int
    /// Finished tiles by exit.
    public var exits: [Int: Int]
    /// Images whose first tile starts before this one's; nil once it has started.
    public var position: Int?
    /// Seconds until the end by measured throughput, other images' turns included; nil when it has ended.
    public var etaSeconds: Double?
}

/// Where a restoration is.
public enum RestorationState: String, Sendable, Hashable {
    /// No tile has been handed to a worker.
    case waiting
    case running, succeeded, failed, cancelled

    /// Whether nothing will change any more.
    public var isFinal: Bool { self != .waiting && self != .running }
}
