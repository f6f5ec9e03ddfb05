import Kernels

/// `kernel_atttion` (sic) of a kernel block: what its first norm reads instead of x (specification 4).
struct KernelAttention: Sendable {
    /// `conv_1.0`: the map.
    private let image: Convolution3x3
    /// `conv_kernel.0`: κ, in the order in which it stands at that scale. The branch and the encoder run it.
    let kernelHead: Convolution3x3
    /// `conv_kernel.2`
    private let kernel: Convolution3x3
    /// `conv_2.0`: both.
    private let gate: Convolution3x3

    init(_ source: WeightSource, _ name: String, kernelOrder: [Int]?) {
        image = Convolution3x3(source, "\(name).conv_1.0")
        kernelHead = Convolution3x3(source, "\(name).conv_kernel.0", inputOrder: kernelOrder)
        kernel = Convolution3x3(source, "\(name).conv_kernel.2")
        gate = Convolution3x3(source, "\(name).conv_2.0")
    }

    /// A(x, κ) = p·g + x, from x and GELU(`conv_kernel.0`(κ)), which is in `workspace.gated`, to `workspace.mixed`.
    ///
    /// - Parameter x: `(size, channels)`.
    func run(_ x: UnsafePointer<Float>, size: MapSize, kernels: KernelSet, in workspace: Workspace) {
        let c = image.outputs, team = workspace.team, both = workspace.wide, result = workspace.mixed
        image.run(StripSource(x, channels: c), size: size, to: both, stride: 2 * c, .gelu, kernels: kernels, team: team)
        kernel.run(
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
}
