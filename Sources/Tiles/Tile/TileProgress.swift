/// One more tile of an image is done.
public struct TileProgress: Sendable, Equatable {
    /// Tiles finished, this one included.
    public var done: Int
    /// Tiles of the image.
    public var total: Int
    /// The tile.
    public var tile: TileRecord
}
