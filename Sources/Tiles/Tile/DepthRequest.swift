/// What is known when a tile's depth may be limited.
public struct DepthRequest: Sendable {
    /// Number of the tile, row by row.
    public var tile: Int
    /// Tiles of the image.
    public var total: Int
    /// Tiles of the image that no worker has yet, without this one.
    public var waiting: Int
    /// Since the image was enqueued.
    public var secondsSinceEnqueued: Double
    /// K of the network.
    public var subDecoders: Int
}
