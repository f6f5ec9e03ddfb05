/// How large tiles are and how far neighbours overlap: part of a model, since it was trained on tiles of that size.
public struct TileSize: Sendable, Hashable {
    /// Side of a whole tile in pixels, a multiple of 16; sides of smaller images are padded to a multiple of 16.
    public let side: Int
    /// Pixels that neighbours share; the last two tiles of an axis can share more.
    public let overlap: Int

    /// What the published models use: 384 pixels, overlap 32.
    public static let published = TileSize(checkedSide: 384, overlap: 32)

    /// - Throws: ``TilesError/badTileSize(side:overlap:)`` unless `side` is a positive multiple of 16 and `overlap` is
    ///   from 2 (a ramp has two ends) to half the side (beyond that, three tiles would overlap everywhere).
    public init(side: Int, overlap: Int) throws(TilesError) {
        guard side > 0, side <= 1 << 14, side % 16 == 0, overlap >= 2, overlap <= side / 2 else {
            throw .badTileSize(side: side, overlap: overlap)
        }
        self.init(checkedSide: side, overlap: overlap)
    }

    private init(checkedSide side: Int, overlap: Int) {
        self.side = side
        self.overlap = overlap
    }
}
