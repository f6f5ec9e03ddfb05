/// The tiles of one image (specification 8, 9.1 and 11).
///
/// Tiles are numbered row by row. All have the same size. With per-tile encoding, sides shorter than a tile are padded to
/// a multiple of 16 by mirroring, longer ones never: their last tile moves back by single pixels instead. An image that
/// is encoded as a whole is padded on every side, so that tiles begin where its coarsest features have a pixel.
public struct TileGrid: Sendable, Hashable {
    public let rows: TileAxis
    public let columns: TileAxis
    /// What the encoder sees at a time.
    public let mode: EncodingMode

    /// - Throws: ``TilesError/emptyImage(width:height:)``; ``TilesError/badOption(name:value:expected:)`` for whole images
    ///   whose tiles overlap by no multiple of 16.
    public init(
        width: Int, height: Int, tile: TileSize = .published, mode: EncodingMode = .tile
    ) throws(TilesError) {
        guard width > 0, height > 0 else { throw .emptyImage(width: width, height: height) }
        guard mode == .tile || tile.overlap % 16 == 0 else {
            throw .badOption(
                name: "mode", value: mode.rawValue,
                expected: "tile, since the model's tiles overlap by \(tile.overlap) pixels, no multiple of 16")
        }
        self.mode = mode
        rows = TileAxis(length: height, tile: tile, mode: mode)
        columns = TileAxis(length: width, tile: tile, mode: mode)
    }

    /// Whether features of the whole image come before the tiles. A lone tile is the whole image: nothing to pool
    /// locally, and encoding it is the same either way.
    public var encodesWholeImage: Bool { mode == .whole && count > 1 }

    /// Width of the image in pixels.
    public var width: Int { columns.length }
    /// Height of the image in pixels.
    public var height: Int { rows.length }
    /// Number of tiles.
    public var count: Int { rows.count * columns.count }
    /// Width of every tile in pixels, padding included: a multiple of 16.
    public var tileWidth: Int { columns.tileLength }
    /// Height of every tile in pixels, padding included: a multiple of 16.
    public var tileHeight: Int { rows.tileLength }
    /// Values of one tile, `(tileHeight, tileWidth, 3)`.
    public var tileValues: Int { tileHeight * tileWidth * 3 }

    /// Row and column of tile `index` in the grid.
    public func position(of index: Int) -> (row: Int, column: Int) {
        (row: index / columns.count, column: index % columns.count)
    }

    /// The part of the image that tile `index` covers, without mirrored pixels.
    public subscript(index: Int) -> TileRectangle {
        let (row, column) = position(of: index)
        let y = rows.covered(by: row)
        let x = columns.covered(by: column)
        return TileRectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
    }

    /// Violated invariants in words; empty when all hold. For tests.
    package func checkInvariants() -> [String] {
        var violations: [String] = []
        for (name, axis) in [("rows", rows), ("columns", columns)] {
            func require(_ holds: Bool, _ what: String) {
                if !holds { violations.append("\(name) of \(width)×\(height): \(what): \(axis)") }
            }
            require(axis.starts.first == 0, "the first tile starts with the image")
            require(axis.starts.last! + axis.tileLength == axis.paddedLength, "the last tile ends with the image")
            require(axis.tileLength % 16 == 0, "tiles are multiples of 16")
            require(axis.paddedLength - axis.length < 16, "padding is below 16 pixels")
            require(
                mode == .whole || axis.count == 1 || axis.paddedLength == axis.length, "only lone tiles are padded")
            require(
                mode == .tile || (axis.starts + [axis.paddedLength]).allSatisfy { $0 % 16 == 0 },
                "tiles of a whole image begin at pixels of its coarsest features")
            require(
                zip(axis.starts, axis.starts.dropFirst()).allSatisfy {
                    $0 < $1 && $1 + axis.overlap <= $0 + axis.tileLength
                },
                "neighbours advance and overlap by \(axis.overlap) at least")
            require(axis.lastOverlap.map { $0 < axis.tileLength } ?? true, "the last tile is a tile of its own")
        }
        return violations
    }
}

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

/// What the encoder sees at a time (specification 11).
public enum EncodingMode: String, Sendable, Hashable, CaseIterable {
    /// Each tile alone (the authors' mode B): memory does not grow with the image, tiles are independent.
    case tile
    /// The whole image once, pooling locally (the authors' mode A, which their published numbers come from). Takes memory
    /// in proportion to the image: see ``TileScheduler/workingBytes(for:)``.
    case whole
}

/// A rectangle of an image, in pixels.
public struct TileRectangle: Sendable, Hashable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}
