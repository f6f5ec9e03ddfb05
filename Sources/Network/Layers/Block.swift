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

    init(_ tensors: TensorReader, _ channels: Int, fourier: Bool) {
        let c = channels
        let beta = tensors.floats("beta", [1, c, 1, 1]), gamma = tensors.floats("gamma", [1, c, 1, 1])
        self.channels = c
        norm1 = tensors.norm("norm1", c, epsilon: 1e-6)
        conv1 = tensors.convolution1x1("conv1", out: 2 * c, in: c)
        conv2 = DepthwiseConvolution(
            weight: tensors.floats("conv2.weight", [2 * c, 1, 3, 3]), bias: tensors.floats("conv2.bias", [2 * c]))
        attention = tensors.convolution1x1(fourier ? "sca.0" : "sca.1", out: c, in: c)
        conv3 = tensors.convolution1x1("conv3", out: c, in: c, scale: beta)
        norm2 = tensors.norm("norm2", c, epsilon: 1e-6)
        conv4 = tensors.convolution1x1("conv4", out: 2 * c, in: c, gated: true)
        conv5 = tensors.convolution1x1("conv5", out: c, in: c, scale: gamma)
        self.fourier =
            fourier
            ? (
                FourierConvolution(tensors["fft_block1"], c, scale: beta),
                FourierConvolution(tensors["fft_block2"], c, scale: gamma)
            ) : nil
    }
}

/// Between the forward and the inverse transform: 1×1 2C→4C, GELU, 1×1 4C→2C on every bin (specification 2.2). The
/// output scale acts on real and imaginary parts alike.
struct FourierConvolution: Sendable {
    let conv1: PackedMatrix
    let conv2: PackedMatrix

    init(_ tensors: TensorReader, _ channels: Int, scale: [Float]) {
        let c = channels
        conv1 = tensors.convolution1x1("complex_conv1", out: 4 * c, in: 2 * c)
        conv2 = tensors.convolution1x1("complex_conv2", out: 2 * c, in: 4 * c, scale: scale + scale)
    }
}
