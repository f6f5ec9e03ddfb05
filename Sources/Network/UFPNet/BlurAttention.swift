import Kernels

/// `kernel_atttion` (sic) of a kernel block: what its first norm reads instead of x (specification 4).
struct BlurAttention: Sendable {
    /// `conv_1.0`: the map.
    private let image: Convolution3x3
    /// `conv_kernel.0`: κ, in the order in which it stands at that scale. The branch and the encoder run it.
    let blurHead: Convolution3x3
    /// `conv_kernel.2`
    private let blur: Convolution3x3
    /// `conv_2.0`: both.
    private let gate: Convolution3x3

    /// - Parameter blurOrder: which channel of κ stands at each place; nil when they stand in order.
    init(_ tensors: TensorReader, channels: Int, blurOrder: [Int]?) {
        let c = channels
        image = Convolution3x3(tensors["conv_1.0"], out: c, in: c)
        blurHead = Convolution3x3(tensors["conv_kernel.0"], out: c, in: BlurMap.channels, inputOrder: blurOrder)
        blur = Convolution3x3(tensors["conv_kernel.2"], out: c, in: c)
        gate = Convolution3x3(tensors["conv_2.0"], out: c, in: 2 * c)
    }

    /// A(x, κ) = p·g + x, from x and GELU(`conv_kernel.0`(κ)), which is in `workspace.gated`, to `workspace.mixed`.
    ///
    /// - Parameter x: `(size, channels)`.
    func run(_ x: UnsafePointer<Float>, size: MapSize, kernels: KernelSet, in workspace: Workspace) {
        let c = image.outputs, team = workspace.team, both = workspace.wide, result = workspace.mixed
        image.run(StripSource(x, channels: c), size: size, to: both, stride: 2 * c, .gelu, kernels: kernels, team: team)
        blur.run(
            StripSource(workspace.gated, channels: c), size: size, to: both + c, stride: 2 * c, .gelu, kernels: kernels,
            team: team)
        gate.forEachStrip(
            of: StripSource(both, channels: 2 * c), size: size, extra: c, kernels: kernels, team: team
        ) { strip, rows, z in
            for row in rows {
                gate.row(
                    pixels: size.width, strip.row(row - 1), rowStride: strip.rowStride, to: z, stride: c, .store)
                let first = row * size.width
                kernels.sigmoidGate(
                    pixels: size.width, channels: c, both + first * 2 * c, stride: 2 * c, gate: z, stride: c,
                    plus: x + first * c, stride: c, to: result + first * c, stride: c)
            }
        }
    }

    var channels: Int { image.outputs }

    /// One row of p and q side by side, `(width + 2, 2·channels)`, the pixels at its ends zero.
    ///
    /// - Parameter y: GELU(`conv_kernel.0`(κ)), as `x` `(size, channels)`.
    func join(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, row: Int, size: MapSize,
        to both: UnsafeMutablePointer<Float>, kernels: KernelSet
    ) {
        let c = channels, count = Strip.count(rows: 3, width: size.width, channels: c)
        both.update(repeating: 0, count: 2 * c)
        (both + (size.width + 1) * 2 * c).update(repeating: 0, count: 2 * c)
        for (convolution, map, offset) in [(image, x, 0), (blur, y, c)] {
            var scratch = Scratch(floats: Scratch.rounded(count))
            let strip = Strip(
                StripSource(map, channels: c), rows: row - 1..<row + 2, size: size, memory: scratch.take(count),
                kernels: kernels)
            convolution.row(
                pixels: size.width, strip.row(row - 1), rowStride: strip.rowStride, to: both + 2 * c + offset,
                stride: 2 * c, .gelu)
        }
    }

    /// One row of A(x, κ).
    ///
    /// - Parameters:
    ///   - above: p and q of the row above, as ``join(_:_:row:size:to:kernels:)`` leaves them; two more rows follow.
    ///   - x: the row, `(pixels, channels)`, like the result.
    func gateRow(
        pixels: Int, _ above: UnsafePointer<Float>, rowStride: Int, plus x: UnsafePointer<Float>,
        to result: UnsafeMutablePointer<Float>, kernels: KernelSet
    ) {
        let c = channels
        var scratch = Scratch(floats: Scratch.rounded(pixels * c))
        let z = scratch.take(pixels * c)
        gate.row(pixels: pixels, above, rowStride: rowStride, to: z, stride: c, .store)
        kernels.sigmoidGate(
            pixels: pixels, channels: c, above + rowStride + 2 * c, stride: 2 * c, gate: z, stride: c, plus: x, stride: c,
            to: result, stride: c)
    }
}
