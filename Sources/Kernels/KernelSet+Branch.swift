import CKernels

/// Pointwise work of the UFPNet encoder (specification 4 and 5). Rows are pixels; a stride is what lies between the
/// starts of neighbouring ones, in floats.
extension KernelSet {
    private var branch: kernel_branch { table.pointee.branch }

    /// y = max(x, 0).
    public func rectify(
        pixels: Int, channels: Int, _ x: UnsafePointer<Float>, stride xStride: Int,
        to y: UnsafeMutablePointer<Float>, stride yStride: Int
    ) {
        branch.relu_rows(pixels, channels, x, xStride, y, yStride)
    }

    /// x = softmax(x) over the channels of each pixel.
    public func softmax(pixels: Int, channels: Int, _ x: UnsafeMutablePointer<Float>, stride: Int) {
        branch.softmax_rows(pixels, channels, x, stride)
    }

    /// The mean over the channels of sigmoid(x), one per pixel.
    public func sigmoidMean(
        pixels: Int, channels: Int, _ x: UnsafePointer<Float>, stride: Int, to mean: UnsafeMutablePointer<Float>
    ) {
        branch.sigmoid_mean(pixels, channels, x, stride, mean)
    }

    /// x = (x − mean) / deviation · gain over the channels of each pixel, with the unbiased deviation and no epsilon
    /// (specification 5.2).
    ///
    /// - Parameters:
    ///   - gain: one per pixel.
    ///   - pixels: how many.
    ///   - channels: of each pixel.
    ///   - x: `(pixels, channels)`, replaced.
    ///   - stride: floats from one pixel to the next.
    public func standardise(
        pixels: Int, channels: Int, gain: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>, stride: Int
    ) {
        branch.standardise_rows(pixels, channels, gain, x, stride)
    }

    /// x += σ·ε, with ε standard normal and a function of key, pixel and channel alone: neither the order of the work
    /// nor the place of a channel in memory matters.
    ///
    /// - Parameters:
    ///   - first: number of the first pixel in its tile.
    ///   - names: number of the channel that stands at each place.
    ///   - deviation: σ, one per pixel.
    ///   - key: what the noise is a function of, besides pixel and channel.
    ///   - pixels: how many.
    ///   - x: `(pixels, names.count)`, changed.
    ///   - stride: floats from one pixel to the next.
    public func addNoise(
        key: UInt64, first: Int, pixels: Int, names: [UInt32], deviation: UnsafePointer<Float>,
        to x: UnsafeMutablePointer<Float>, stride: Int
    ) {
        names.withUnsafeBufferPointer { names in
            var op = kernel_noise()
            op.rows = pixels
            op.channels = names.count
            op.key = key
            op.first = UInt64(first)
            op.channel = names.baseAddress
            op.deviation = deviation
            op.x = x
            op.x_stride = stride
            branch.add_noise(&op)
        }
    }

    /// x = tanh(x) in the first `tanhs` channels, max(x, 0) in the others: the two nets of a coupling side by side.
    public func tanhAndRectify(
        pixels: Int, tanhs: Int, channels: Int, _ x: UnsafeMutablePointer<Float>, stride: Int
    ) {
        branch.tanh_relu_rows(pixels, tanhs, channels, x, stride)
    }

    /// v = x·factor + offset; x = keep·v + (1 − keep)·(v·exp(scale) + shift): a coupling of the flow (specification
    /// 5.3).
    ///
    /// - Parameters:
    ///   - factor: per channel, like `offset` and `keep`.
    ///   - scale: `(pixels, channels)` with stride `netStride`, like `shift`.
    ///   - pixels: how many.
    ///   - x: `(pixels, channels)`, replaced.
    ///   - stride: floats from one pixel of x to the next.
    ///   - offset: per channel.
    ///   - keep: per channel: 1 where a channel is handed on, 0 where it is changed.
    ///   - shift: `(pixels, channels)`.
    ///   - netStride: floats from one pixel of scale and shift to the next.
    public func couple(
        pixels: Int, _ x: UnsafeMutablePointer<Float>, stride: Int, factor: AlignedFloats, offset: AlignedFloats,
        keep: AlignedFloats, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, netStride: Int
    ) {
        var op = kernel_coupling()
        op.rows = pixels
        op.channels = factor.count
        op.x = x
        op.x_stride = stride
        op.factor = factor.constant
        op.offset = offset.constant
        op.keep = keep.constant
        op.scale = scale
        op.shift = shift
        op.stride = netStride
        branch.couple_rows(&op)
    }

    /// x = sigmoid(x·factor + offset)·gain + base; factor and offset per channel.
    public func sigmoid(
        pixels: Int, _ x: UnsafeMutablePointer<Float>, stride: Int, factor: AlignedFloats, offset: AlignedFloats,
        gain: Float, base: Float
    ) {
        branch.sigmoid_rows(pixels, factor.count, factor.constant, offset.constant, gain, base, x, stride)
    }

    /// y = p·sigmoid(z) + x (specification 4, A(x, κ)).
    public func sigmoidGate(
        pixels: Int, channels: Int, _ p: UnsafePointer<Float>, stride pStride: Int, gate z: UnsafePointer<Float>,
        stride zStride: Int, plus x: UnsafePointer<Float>, stride xStride: Int, to y: UnsafeMutablePointer<Float>,
        stride yStride: Int
    ) {
        branch.sigmoid_gate(pixels, channels, p, pStride, z, zStride, x, xStride, y, yStride)
    }
}
