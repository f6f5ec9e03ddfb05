import Kernels

/// The U-shaped network that sees an image's blur (specification 5.1), up to the two maps from which its tail makes the
/// softmax and σ. Its widths do not depend on the model's.
struct BlurEstimator: Sendable {
    /// R(C): x + conv(relu(conv(relu(x)))).
    private struct ResidualBlock: Sendable {
        let first: Convolution3x3
        let second: Convolution3x3

        init(_ tensors: TensorReader, _ channels: Int) {
            first = Convolution3x3(tensors["body.1"], out: channels, in: channels)
            second = Convolution3x3(tensors["body.3"], out: channels, in: channels)
        }
    }

    /// `Conv_head` and the two residual blocks after it.
    private struct Stage: Sendable {
        let head: Convolution3x3
        let blocks: [ResidualBlock]

        init(_ tensors: TensorReader, out: Int, in input: Int) {
            head = Convolution3x3(tensors["Conv_head"], out: out, in: input)
            blocks = (1...2).map { ResidualBlock(tensors["ResBlock\($0)"], out) }
        }
    }

    private let down: (Stage, Stage)
    private let halving: (Convolution3x3, Convolution3x3)
    private let middle: [Convolution3x3]
    private let doubling: (DoublingConvolution, DoublingConvolution)
    private let up: (Stage, Stage)
    private let mean: Convolution3x3
    private let variance: Convolution3x3

    /// Channels at full resolution.
    static let channels = 64
    /// How many rows above and below its own reach a row of the result and the tail's 3×3 on it: 58, and a multiple of 4,
    /// so that both halvings meet the same pairs wherever a strip begins.
    static let reach = 60

    init(_ tensors: TensorReader) {
        let c = Self.channels
        let (fine, coarse) = (tensors["Encoding_Block1"], tensors["Encoding_Block2"])
        down = (Stage(fine, out: c, in: 3), Stage(coarse, out: 2 * c, in: c))
        halving = (
            Convolution3x3(fine["downsample"], out: c, in: c, stride: 2),
            Convolution3x3(coarse["downsample"], out: 2 * c, in: 2 * c, stride: 2)
        )
        middle = (0..<5).map {
            Convolution3x3(tensors["Conv_mid.body.\(2 * $0)"], out: 4 * c, in: $0 == 0 ? 2 * c : 4 * c)
        }
        let (first, second) = (tensors["Decoding_Block1"], tensors["Decoding_Block2"])
        doubling = (
            DoublingConvolution(first["Conv_t"], out: 2 * c, in: 4 * c),
            DoublingConvolution(second["Conv_t"], out: c, in: 2 * c)
        )
        up = (Stage(first, out: 2 * c, in: 4 * c), Stage(second, out: c, in: 2 * c))
        mean = Convolution3x3(tensors["Conv_tail.mean.0"], out: c, in: c)
        variance = Convolution3x3(tensors["Conv_tail.var.0"], out: c, in: c)
    }

    /// Runs ``layers(_:size:fields:kernels:team:)``.
    func run(
        _ image: UnsafePointer<Float>, size: MapSize, fields: [UnsafeMutablePointer<Float>], kernels: KernelSet,
        team: ThreadTeam
    ) {
        for layer in layers(image, size: size, fields: fields, kernels: kernels, team: team) { layer() }
    }

    /// How many layers there are.
    static let layerCount = 31

    /// The layers, each a piece of work of its own, to be run in order.
    ///
    /// Three maps of 64 channels at full resolution are all the memory they need: what is smaller lies inside them while
    /// they wait.
    ///
    /// - Parameters:
    ///   - image: `(size, 3)`.
    ///   - fields: three of `(size, 64)`. Afterwards the first holds `Conv_tail.mean` and the third `Conv_tail.var`, both
    ///     after their relu.
    func layers(
        _ image: UnsafePointer<Float>, size: MapSize, fields: [UnsafeMutablePointer<Float>], kernels: KernelSet,
        team: ThreadTeam
    ) -> [() -> Void] {
        let c = Self.channels, half = size.halved(1), quarter = size.halved(2)
        let skip1 = fields[0], other = fields[1], third = fields[2]
        // (half, 2c) is half a field, (quarter, 4c) a quarter.
        let skip2 = other, hidden2 = other + half.pixels * 2 * c
        let deep = (third, third + quarter.pixels * 4 * c), up2 = third + half.pixels * 2 * c
        var layers: [() -> Void] = []
        func add(
            _ convolution: Convolution3x3, _ source: StripSource, _ size: MapSize, to y: UnsafeMutablePointer<Float>,
            _ epilogue: PackedMatrix.Epilogue = .store
        ) {
            layers.append { convolution.run(source, size: size, to: y, epilogue, kernels: kernels, team: team) }
        }
        func add(
            _ convolution: DoublingConvolution, _ source: StripSource, _ size: MapSize,
            to y: UnsafeMutablePointer<Float>
        ) {
            layers.append { convolution.run(source, size: size, to: y, kernels: kernels, team: team) }
        }
        func add(
            _ stage: Stage, _ source: StripSource, _ size: MapSize, to x: UnsafeMutablePointer<Float>,
            hidden: UnsafeMutablePointer<Float>
        ) {
            let c = stage.head.outputs
            add(stage.head, source, size, to: x)
            for block in stage.blocks {
                add(block.first, StripSource(x, channels: c, rectified: true), size, to: hidden, .relu)
                add(block.second, StripSource(hidden, channels: c), size, to: x, .add)
            }
        }

        add(down.0, StripSource(image, channels: 3), size, to: skip1, hidden: other)
        // The relu after a stage is left to whoever reads it.
        add(halving.0, StripSource(skip1, channels: c, rectified: true), size, to: third)
        add(down.1, StripSource(third, channels: c), half, to: skip2, hidden: hidden2)
        add(halving.1, StripSource(skip2, channels: 2 * c, rectified: true), half, to: deep.0)
        var (from, to) = deep
        for convolution in middle {
            add(convolution, StripSource(from, channels: convolution.inputs), quarter, to: to, .relu)
            swap(&from, &to)
        }
        add(doubling.0, StripSource(from, channels: 4 * c), quarter, to: up2)
        add(
            up.0, StripSource(up2, channels: 2 * c).joined(with: StripSource(skip2, channels: 2 * c, rectified: true)),
            half, to: hidden2, hidden: up2)
        add(doubling.1, StripSource(hidden2, channels: 2 * c, rectified: true), half, to: third)
        add(
            up.1, StripSource(third, channels: c).joined(with: StripSource(skip1, channels: c, rectified: true)), size,
            to: other, hidden: third)
        let result = StripSource(other, channels: c, rectified: true)
        add(mean, result, size, to: skip1, .relu)
        add(variance, result, size, to: third, .relu)
        precondition(layers.count == Self.layerCount, "\(layers.count) layers")
        return layers
    }
}
