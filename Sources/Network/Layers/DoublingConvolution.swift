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

    /// - Parameter name: the key prefix; its weight is (in, out, 3, 3), the other way round than in a convolution.
    init(_ source: WeightSource, _ name: String) {
        let bias = source.floats("\(name).bias"), weight = source.floats("\(name).weight")
        let out = bias.count, input = weight.count / (9 * out)
        phases = (0..<4).map { phase in
            let rows = phase / 2 == 0 ? [1] : [2, 0], columns = phase % 2 == 0 ? [1] : [2, 0]
            var matrix: [Float] = []
            matrix.reserveCapacity(out * rows.count * columns.count * input)
            for o in 0..<out {
                for ky in rows {
                    for kx in columns {
                        for c in 0..<input { matrix.append(weight[((c * out + o) * 3 + ky) * 3 + kx]) }
                    }
                }
            }
            return PackedMatrix(
                weight: matrix, bias: bias, depth: columns.count * input, segments: rows.count, kernels: source.kernels)
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
