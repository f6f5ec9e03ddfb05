import Kernels

/// The weights of a NAFBlock (specification 2.1) or, with its two Fourier convolutions, of a FourierBlock
/// (specification 2.3).
///
/// `beta` and `gamma` scale whatever is added to the residual; they are folded into the last layer before the sum.
struct Block: Sendable {
    let channels: Int
    let norm1: LayerNorm
    let conv1: PackedMatrix
    let conv2: DepthwiseConvolution
    /// Simplified channel attention: on the pooled vector, no sigmoid.
    let attention: PackedMatrix
    /// times beta
    let conv3: PackedMatrix
    let norm2: LayerNorm
    let conv4: PackedMatrix
    /// times gamma
    let conv5: PackedMatrix
    /// `fft_block1` (times beta) and `fft_block2` (times gamma).
    let fourier: (FourierConvolution, FourierConvolution)?

    /// - Parameter name: the key prefix, without the final dot.
    init(_ source: WeightSource, _ name: String, fourier: Bool) {
        let beta = source.floats("\(name).beta"), gamma = source.floats("\(name).gamma")
        channels = beta.count
        norm1 = source.norm("\(name).norm1", epsilon: 1e-6)
        conv1 = source.linear("\(name).conv1")
        conv2 = DepthwiseConvolution(
            weight: source.floats("\(name).conv2.weight"), bias: source.floats("\(name).conv2.bias"))
        attention = source.linear("\(name).sca.\(fourier ? 0 : 1)")
        conv3 = source.linear("\(name).conv3", scale: beta)
        norm2 = source.norm("\(name).norm2", epsilon: 1e-6)
        conv4 = source.linear("\(name).conv4", gated: true)
        conv5 = source.linear("\(name).conv5", scale: gamma)
        self.fourier =
            fourier
            ? (
                FourierConvolution(source, "\(name).fft_block1", scale: beta),
                FourierConvolution(source, "\(name).fft_block2", scale: gamma)
            ) : nil
    }
}

/// Between the forward and the inverse transform: 1×1 2C→4C, GELU, 1×1 4C→2C on every bin (specification 2.2). The
/// output scale acts on real and imaginary parts alike.
struct FourierConvolution: Sendable {
    let conv1: PackedMatrix
    let conv2: PackedMatrix

    init(_ source: WeightSource, _ name: String, scale: [Float]) {
        conv1 = source.linear("\(name).complex_conv1")
        conv2 = source.linear("\(name).complex_conv2", scale: scale + scale)
    }
}
