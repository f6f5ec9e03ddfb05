/// The tiles along one axis of an image (specification 9.1).
public struct TileAxis: Sendable, Hashable {
    /// Pixels of the image.
    public let length: Int
    /// `length`, or the next multiple of 16 where the image is smaller than a tile or is encoded as a whole: those pixels
    /// are mirrored.
    public let paddedLength: Int
    /// Pixels of every tile on this axis.
    public let tileLength: Int
    /// Pixels that neighbours share, except the last two.
    public let overlap: Int
    /// First pixel of each tile, ascending. The last tile ends with the (padded) image.
    public let starts: [Int]

    /// - Parameter length: pixels, at least 1.
    init(length: Int, tile: TileSize, mode: EncodingMode) {
        precondition(length >= 1, "an axis needs a pixel")
        self.length = length
        paddedLength = length < tile.side || mode == .whole ? (length + 15) / 16 * 16 : length
        tileLength = min(tile.side, paddedLength)
        overlap = tile.overlap
        let stride = tile.side - tile.overlap
        var starts: [Int] = []
        var start = 0
        while start + tileLength < paddedLength {
            starts.append(start)
            start += stride
        }
        starts.append(paddedLength - tileLength)
        self.starts = starts
    }

    /// Number of tiles.
    public var count: Int { starts.count }

    /// Pixels that the last two tiles share (e in specification 9.1); nil for a lone tile.
    public var lastOverlap: Int? {
        count < 2 ? nil : starts[count - 2] + tileLength - starts[count - 1]
    }

    /// The pixels of the image that a tile covers, without mirrored ones.
    public func covered(by tile: Int) -> Range<Int> {
        starts[tile]..<min(starts[tile] + tileLength, length)
    }

    /// The pixels of the image that are this tile's when neighbours part in the middle of their overlap: every pixel
    /// belongs to exactly one tile.
    public func share(of tile: Int) -> Range<Int> { Self.shares(of: starts.indices.map(covered))[tile] }

    /// The same of tiles that lie beside each other in any way, in their order.
    public static func shares(of tiles: [Range<Int>]) -> [Range<Int>] {
        let borders = zip(tiles, tiles.dropFirst()).map { ($0.upperBound + $1.lowerBound) / 2 }
        return tiles.indices.map { index in
            let first = index == 0 ? tiles[index].lowerBound : borders[index - 1]
            let end = index == borders.count ? tiles[index].upperBound : borders[index]
            return first..<max(first, end)
        }
    }

    /// The pixels that are finished once all tiles up to `tile` are: no later tile covers them.
    func finished(with tile: Int) -> Range<Int> {
        starts[tile]..<(tile + 1 < count ? starts[tile + 1] : length)
    }

    /// The pixel of the image that stands at `position` of the padded axis: the mirror image without repeating the
    /// edge, folded as often as a tiny image needs (period 2·(length − 1); a lone pixel repeats).
    public func source(of position: Int) -> Int {
        guard position >= length else { return position }
        guard length > 1 else { return 0 }
        let folded = position % (2 * (length - 1))
        return folded < length ? folded : 2 * (length - 1) - folded
    }
}
