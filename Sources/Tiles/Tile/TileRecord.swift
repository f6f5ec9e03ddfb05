/// What happened to one tile.
public struct TileRecord: Sendable, Equatable {
    /// Number of the tile, row by row.
    public var index: Int
    /// The part of the image that it covers.
    public var rectangle: TileRectangle
    /// Degradation class, 0 = hardest; nil when no classifier ran.
    public var degradationClass: Int?
    /// The classifier's outputs; empty when no classifier ran.
    public var logits: [Float]
    /// Sub-decoder after which the tile left; 0 when it was left as it came. In a dry run the exit that the tile would
    /// take, nil when that cannot be told without running sub-decoders.
    public var exit: Int?
    /// It left earlier than its policy asks because ``RestorationOptions/depthLimit`` said so. A tile that was not looked
    /// at for that reason counts, since nobody knows what it would have taken.
    public var isCutShort: Bool
    /// Time from being handed to a worker to its residual.
    public var milliseconds: Double
    /// What the guard found at the exit that the policy chose; `exit` is then the one that replaced it.
    public var anomaly: TileAnomaly?

    public init(
        index: Int, rectangle: TileRectangle, degradationClass: Int?, logits: [Float], exit: Int?,
        isCutShort: Bool = false, milliseconds: Double, anomaly: TileAnomaly?
    ) {
        self.index = index
        self.rectangle = rectangle
        self.degradationClass = degradationClass
        self.logits = logits
        self.exit = exit
        self.isCutShort = isCutShort
        self.milliseconds = milliseconds
        self.anomaly = anomaly
    }
}

/// One more tile of an image is done.
public struct TileProgress: Sendable, Equatable {
    /// Tiles finished, this one included.
    public var done: Int
    /// Tiles of the image.
    public var total: Int
    /// The tile.
    public var tile: TileRecord
}

/// A tile that has its residual and waits to be blended.
struct FinishedTile {
    var record: TileRecord
    /// nil = zero: the tile was left as it came, or it was a dry run.
    var residual: ResidualBuffer?
}
