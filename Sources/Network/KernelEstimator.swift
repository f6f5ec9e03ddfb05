import Kernels

/// The U-shaped network that sees an image's blur (specification 5.1), up to the two maps from which its tail makes the
/// softmax and σ. Its widths do not depend on the model's.
struct KernelEstimator: Sendable {
    /// R(C): x + conv(relu(conv(relu(x)))).
    private struct ResidualBlock: Sendable {
        let first: Convolution3x3
        let second: Convolution3x3

        init(_ source: WeightSource, _ name: String) {
            first = Convolution3x3(source, "\(name).body.1")
            second = Convolution3x3(source, "\(name).body.3")
        }
    }

    /// `Conv_head` and the two residual blocks after it.
    private struct Stage: Sendable {
        let head: Convolution3x3
        let blocks: [ResidualBlock]

        init(_ source: WeightSource, _ name: String) {
            head = Convolution3x3(source, "\(name).Conv_head")
            blocks = (1...2).map { ResidualBlock(source, "\(name).ResBlock\($0)") }
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

    init(_ source: WeightSource, _ name: String) {
        down = (Stage(source, "\(name).Encoding_Block1"), Stage(source, "\(name).Encoding_Block2"))
        halving = (
            Convolution3x3(source, "\(name).Encoding_Block1.downsample", stride: 2),
            Convolution3x3(source, "\(name).Encoding_Block2.downsample", stride: 2)
        )
        middle = [0, 2, 4, 6, 8].map { Convolution3x3(source, "\(name).Conv_mid.body.\($0)") }
        doubling = (
            DoublingConvolution(source, "\(name).Decoding_Block1.Conv_t"),
            DoublingConvolution(source, "\(name).Decoding_Block2.Conv_t")
        )
        up = (Stage(source, "\(name).Decoding_Block1"), Stage(source, "\(name).Decoding_Block2"))
        mean = Convolution3x3(source, "\(name).Conv_tail.mean.0")
        variance = Convolution3x3(source, "\(name).Conv_tail.var.0")
    }

    /// Three maps of 64 channels at full resolution are all the memory it needs: what is smaller lies inside them while
    /// they wait.
    ///
    /// - Parameters:
    ///   - image: `(size, 3)`.
    ///   - fields: three of `(size, 64)`. Afterwards the first holds `Conv_tail.mean` and the third `Conv_tail.var`, both
    ///     after their relu.
    func run(
        _ image: UnsafePointer<Float>, size: MapSize, fields: [UnsafeMutablePointer<Float>], kernels: KernelSet,
        team: ThreadTeam
    ) {
        let c = Self.channels, half = size.halved(1), quarter = size.halved(2)
        let skip1 = fields[0], other = fields[1], third = fields[2]
        // (half, 2c) is half a field, (quarter, 4c) a quarter.
        let skip2 = other, hidden2 = other + half.pixels * 2 * c
        let deep = (third, third + quarter.pixels * 4 * c), up2 = third + half.pixels * 2 * c
        func run(_ stage: Stage, _ source: StripSource, _ size: MapSize, _ x: UnsafeMutablePointer<Float>,
            hidden: UnsafeMutablePointer<Float>
        ) {
            let c = stage.head.outputs
            stage.head.run(source, size: size, to: x, kernels: kernels, team: team)
            for block in stage.blocks {
                block.first.run(
                    StripSource(x, channels: c, rectified: true), size: size, to: hidden, .relu, kernels: kernels,
                    team: team)
                block.second.run(
                    StripSource(hidden, channels: c), size: size, to: x, .add, kernels: kernels, team: team)
            }
        }

        run(down.0, StripSource(image, channels: 3), size, skip1, hidden: other)
        // The relu after a stage is left to whoever reads it.
        halving.0.run(
            StripSource(skip1, channels: c, rectified: true), size: size, to: third, kernels: kernels, team: team)
        run(down.1, StripSource(third, channels: c), half, skip2, hidden: hidden2)
        halving.1.run(
            StripSource(skip2, channels: 2 * c, rectified: true), size: half, to: deep.0, kernels: kernels, team: team)
        var (from, to) = deep
        for convolution in middle {
            convolution.run(
                StripSource(from, channels: convolution.inputs), size: quarter, to: to, .relu, kernels: kernels,
                team: team)
            swap(&from, &to)
        }
        doubling.0.run(
            StripSource(from, channels: 4 * c), size: quarter, to: up2, kernels: kernels, team: team)
        run(
            up.0, StripSource(up2, channels: 2 * c).joined(with: StripSource(skip2, channels: 2 * c, rectified: true)),
            half, hidden2, hidden: up2)
        doubling.1.run(
            StripSource(hidden2, channels: 2 * c, rectified: true), size: half, to: third, kernels: kernels, team: team)
        run(
            up.1, StripSource(third, channels: c).joined(with: StripSource(skip1, channels: c, rectified: true)), size,
            other, hidden: third)
        let result = StripSource(other, channels: c, rectified: true)
        mean.run(result, size: size, to: skip1, .relu, kernels: kernels, team: team)
        variance.run(result, size: size, to: third, .relu, kernels: kernels, team: team)
    }
}
