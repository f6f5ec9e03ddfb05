import Kernels

/// Transposed conv 3×3, stride 2, padding 1, that doubles both sides (output padding 1).
///
/// Result (2i + a, 2j + b) meets kernel row 1 at input row i where a = 0, and kernel rows 2 and 0 at input rows i and i + 1
/// where a = 1; likewise in columns. So each of the four places of a 2×2 group is a product of its own, with one or two
/// rows of the input as segments and one or two neighbouring pixels as depth.
struct DoublingConvolution: Sendable {
    /// By 2·a + b.
    private let phases: [PackedMatrix]
    let inputs: Int
    let outputs: Int

    /// Its weight is (in, out, 3, 3), the other way round than in a convolution.
    init(_ tensors: TensorReader, out: Int, in input: Int) {
        phases = (0..<4).map { phase in
            let rows = phase / 2 == 0 ? [1] : [2, 0], columns = phase % 2 == 0 ? [1] : [2, 0]
            return tensors.matrix(
                [input, out, 3, 3], rows: out, depth: columns.count * input, segments: rows.count
            ) { row, column in
                let (place, c) = column.quotientAndRemainder(dividingBy: input)
                let (ky, kx) = (rows[place / columns.count], columns[place % columns.count])
                return ((c * out + row) * 3 + ky) * 3 + kx
            }
        }
        inputs = input
        outputs = out
    }

    /// `(size, inputs)` to `(2·size, outputs)`.
    func run(
        _ source: StripSource, size: MapSize, to y: UnsafeMutablePointer<Float>, kernels: KernelSet, team: ThreadTeam
    ) {
        let unit = Strip.rows(width: size.width, channels: inputs, height: size.height, stride: 1)
        team.parallelFor((size.height + unit - 1) / unit) { index in
            let rows = index * unit..<min(size.height, (index + 1) * unit)
            let floats = Strip.count(rows: rows.count + 1, width: size.width, channels: inputs)
            var scratch = Scratch(floats: Scratch.rounded(floats))
            let strip = Strip(
                source, rows: rows.lowerBound..<rows.upperBound + 1, size: size, memory: scratch.take(floats),
                kernels: kernels)
            for row in rows {
                for phase in 0..<4 {
                    phases[phase].multiply(
                        rows: size.width, strip.row(row) + inputs, stride: inputs, segmentStride: strip.rowStride,
                        to: y + ((2 * row + phase / 2) * 2 * size.width + phase % 2) * outputs, stride: 2 * outputs)
                }
            }
        }
    }
}

/// conv 2×2, stride 2: on (pixels, channels) rows a pair of neighbouring pixels is one contiguous vector of twice the
/// channels, so that the convolution is two products per row of the result, with the upper and with the lower row of
/// pixel pairs, without gathering anything.
struct HalvingConvolution: Sendable {
    private let upper: PackedMatrix
    private let lower: PackedMatrix

    init(_ tensors: TensorReader, out: Int, in input: Int) {
        // (out, in, dy, dx) → per dy: (out, dx·in + channel), the order in which a pair of pixels lies in memory.
        func row(_ dy: Int, hasBias: Bool) -> PackedMatrix {
            tensors.matrix([out, input, 2, 2], rows: out, depth: 2 * input, hasBias: hasBias) { row, column in
                let (dx, c) = column.quotientAndRemainder(dividingBy: input)
                return ((row * input + c) * 2 + dy) * 2 + dx
            }
        }
        upper = row(0, hasBias: true)
        lower = row(1, hasBias: false)
    }

    /// One row of the result from two rows of the input.
    ///
    /// - Parameters:
    ///   - pixels: of the result row.
    ///   - x: two consecutive rows of `(2·pixels, channels)`, no gap between.
    func apply(
        pixels: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let pair = upper.depth
        upper.multiply(rows: pixels, x, stride: pair, to: y, stride: stride)
        lower.multiply(rows: pixels, x + pixels * pair, stride: pair, to: y, stride: stride, .add)
    }
}
