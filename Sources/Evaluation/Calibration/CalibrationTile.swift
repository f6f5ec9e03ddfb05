import Tiles

/// What every depth of the network makes of one tile of a pair.
package struct CalibrationTile: Sendable, Equatable {
    /// Number of the picture.
    package var image: Int
    /// Class by the PSNR between blurred and sharp tile (specification 7.4), 0 = hardest.
    package var label: Int
    /// Class by the model's classifier; nil without one.
    package var predicted: Int?
    /// dB against the sharp tile, at depth 0 (the blurred tile) … K, before any clamp.
    package var psnr: [Double]
    /// Sum of squared byte differences at each depth over the pixels that are nearer to this tile's middle than to its
    /// neighbours', as 8-bit results.
    package var squares: [Double]
    /// How many bytes `squares` runs over.
    package var bytes: Int

    package init(image: Int, label: Int, predicted: Int?, psnr: [Double], squares: [Double], bytes: Int) {
        self.image = image
        self.label = label
        self.predicted = predicted
        self.psnr = psnr
        self.squares = squares
        self.bytes = bytes
    }

    /// What each sub-decoder gains over its predecessor, the first over the blurred tile; nil when a tile equals its
    /// sharp one, whose PSNR is no number.
    var gains: [Double]? {
        let gains = zip(psnr, psnr.dropFirst()).map { $1 - $0 }
        return gains.allSatisfy(\.isFinite) ? gains : nil
    }
}

/// One tile of a picture and the sharp pixels it is measured against.
struct TileComparison {
    private let picture: FloatImage
    private let truth: [Float]
    private let rectangle: TileRectangle
    /// Values of a row of the residual.
    private let stride: Int
    /// The part of the tile that no neighbour is nearer to, in pixels of the picture.
    private let ownRows: Range<Int>
    private let ownColumns: Range<Int>

    /// - Parameter truth: `(height, width, 3)`, of the picture's size.
    init(_ index: Int, of grid: TileGrid, picture: FloatImage, truth: [Float]) {
        self.picture = picture
        self.truth = truth
        rectangle = grid[index]
        stride = grid.tileWidth * 3
        let (row, column) = grid.position(of: index)
        ownRows = grid.rows.share(of: row)
        ownColumns = grid.columns.share(of: column)
    }

    /// Bytes that ``measure(residual:)`` sums squares over.
    var bytes: Int { ownRows.count * ownColumns.count * 3 }

    /// - Parameter residual: `(tileHeight, tileWidth, 3)`; nil for the blurred tile itself.
    /// - Returns: the PSNR of the whole tile before any clamp (its mirrored pixels do not count), and the summed
    ///   squares of byte differences of its own part.
    func measure(residual: UnsafePointer<Float>?) -> (psnr: Double, squares: Double) {
        var total = 0.0
        var squares = 0.0
        for y in 0..<rectangle.height {
            let row = rectangle.y + y
            let line = (row * picture.width + rectangle.x) * 3
            for i in 0..<rectangle.width * 3 {
                let value = picture.pixels[line + i] + (residual?[y * stride + i] ?? 0)
                let difference = Double(value - truth[line + i])
                total += difference * difference
                guard ownRows.contains(row), ownColumns.contains(rectangle.x + i / 3) else { continue }
                let bytes = Double(ByteImage.byte(value)) - Double(ByteImage.byte(truth[line + i]))
                squares += bytes * bytes
            }
        }
        let values = Double(rectangle.width * rectangle.height * 3)
        return (PSNR.decibels(meanSquare: total / values), squares)
    }
}
