/// A tile that has its residual and waits to be blended.
struct FinishedTile {
    var record: TileRecord
    /// nil = zero: the tile was left as it came, or it was a dry run.
    var residual: ResidualBuffer?
}
