import Kernels

/// What the estimator says about some rows of an image.
struct BlurEstimate {
    /// `Conv_tail.mean` and `Conv_tail.var` up to their relu, `(size, 64)`.
    let mean: UnsafePointer<Float>
    let variance: UnsafePointer<Float>
    /// The image's row that their first one is.
    let firstRow: Int
    /// Of the rows that were estimated together.
    let size: MapSize

    /// - Parameter fields: as ``BlurEstimator/layers(_:size:fields:kernels:team:)`` leaves them.
    init(_ fields: [UnsafeMutablePointer<Float>], firstRow: Int, size: MapSize) {
        mean = UnsafePointer(fields[0])
        variance = UnsafePointer(fields[2])
        self.firstRow = firstRow
        self.size = size
    }
}

/// κ of an image from top to bottom in bands of rows, and what its two readers make of every band: the first kernel block,
/// and κ at half the scale. Bands come in order, all of ``bandRows`` rows but for the last.
struct BlurBandPass {
    let branch: BlurBranch
    /// Of the image.
    let size: MapSize
    /// Two rows more than a band: the last two of the band before come first.
    let band: BlurMap
    /// κ at scales 1/2 and 1/4.
    let halved: [BlurMap]
    /// `conv_kernel.0` of the first kernel block, whose result after GELU goes to `y`, `(size, outputs)`; nil without that
    /// block.
    let first: Convolution3x3?
    let y: UnsafeMutablePointer<Float>
    /// Whose noise is drawn.
    let tile: Int
    var probe: BlurProbe?
    let kernels: KernelSet
    let team: ThreadTeam

    var bandRows: Int { band.rows - 2 }

    /// Before the first band.
    func clearBorders() {
        for map in halved { map.clearBorders() }
        band.clearBorders()
    }

    /// κ of a band. Row r of `band` is then row `rows.lowerBound` − 2 + r of the image.
    func make(_ rows: Range<Int>, from estimate: BlurEstimate) {
        if rows.lowerBound == 0 {
            band.clear(1)
        } else {
            band.padded(0).update(from: band.padded(bandRows), count: 2 * band.rowStride)
        }
        team.parallelFor(rows.count) { index in
            branch.makeRow(
                rows.lowerBound + index, from: estimate, to: band.pixels(index + 2), tile: tile, probe: probe,
                kernels: kernels)
        }
        // The row below the last one of this band is in the next band, or zero.
        if rows.upperBound == size.height { band.clear(rows.count + 2) }
    }

    /// What the readers make of the band: the first kernel block lags one row behind, whose lower neighbour is missing.
    func read(_ rows: Range<Int>) {
        let start = rows.lowerBound, isLast = rows.upperBound == size.height
        let ready = (start == 0 ? 0 : start - 1)..<(isLast ? size.height : rows.upperBound - 1)
        team.parallelFor(ready.count + rows.count / 2) { index in
            if index < ready.count {
                guard let first else { return }
                let row = ready.lowerBound + index
                first.row(
                    pixels: size.width, band.padded(row - start + 1), rowStride: band.rowStride,
                    to: y + row * size.width * first.outputs, stride: first.outputs, .gelu)
            } else {
                let pair = index - ready.count
                branch.halve(0, band.pixels(2 * pair + 2), of: band, to: halved[0], start / 2 + pair)
            }
        }
    }

    /// Those rows of κ at scale 1/4, from κ at scale 1/2.
    func halveAgain(_ rows: Range<Int>) {
        team.parallelFor(rows.count) { index in
            let row = rows.lowerBound + index
            branch.halve(1, halved[0].pixels(2 * row), of: halved[0], to: halved[1], row)
        }
    }
}
