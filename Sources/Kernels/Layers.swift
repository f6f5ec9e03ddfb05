import CKernels

/// Weights of a layer normalisation over channels.
public struct LayerNorm: Sendable {
    public let weight: AlignedFloats
    public let bias: AlignedFloats
    public let epsilon: Float
    public var channels: Int { weight.count }

    /// - Parameters:
    ///   - weight: (channels); `bias` likewise.
    ///   - epsilon: added to the variance: 1e-6 in every block, 1e-5 in FuseBlock.
    ///   - bias: (channels).
    public init(weight: [Float], bias: [Float], epsilon: Float) {
        precondition(weight.count == bias.count, "weight \(weight.count), bias \(bias.count)")
        self.weight = AlignedFloats(weight)
        self.bias = AlignedFloats(bias)
        self.epsilon = epsilon
    }
}

/// Weights of a depthwise 3×3 convolution whose 2C results are gated to C.
public struct DepthwiseConvolution: Sendable {
    /// C, after the gate.
    public let channels: Int
    /// (9, 2C): tap 3·dy + dx.
    let taps: AlignedFloats
    let bias: AlignedFloats

    /// - Parameters:
    ///   - weight: (2C, 1, 3, 3) row-major, as in a checkpoint.
    ///   - bias: (2C).
    public init(weight: [Float], bias: [Float]) {
        let doubled = bias.count
        precondition(weight.count == 9 * doubled && doubled % 2 == 0, "weight \(weight.count), bias \(doubled)")
        channels = doubled / 2
        taps = AlignedFloats(count: weight.count)
        for channel in 0..<doubled {
            for tap in 0..<9 { taps.pointer[tap * doubled + channel] = weight[channel * 9 + tap] }
        }
        self.bias = AlignedFloats(bias)
    }
}

/// The two 3×3 convolutions that have RGB on one side, as matrix products with these before or after them. Values of a
/// pixel's nine neighbours stand in the order 3·(3·dy + dx) + colour.
public enum ImagePatches {
    /// Floats from one pixel's taps to the next one's: whole lines of the cache.
    public static let tapStride = 32

    /// Row `y` of an image `(height, width, 3)` as `(width, 27)` patches with that stride, zero outside the image.
    public static func gather(
        _ image: UnsafePointer<Float>, height: Int, width: Int, row y: Int, to patches: UnsafeMutablePointer<Float>,
        stride: Int
    ) {
        kernel_gather3(image, height, width, y, patches, stride)
    }

    /// Row `y` of the result `(height, width, 3)`, from what each pixel gives to the result at each of the nine places.
    ///
    /// - Parameters:
    ///   - taps: `(height, width, 27)`, pixels ``tapStride`` apart.
    ///   - bias: one per colour.
    ///   - height: pixels.
    ///   - width: pixels.
    ///   - y: which row is made.
    ///   - image: receives that row, at its place.
    public static func scatter(
        _ taps: UnsafePointer<Float>, height: Int, width: Int, row y: Int, bias: AlignedFloats,
        to image: UnsafeMutablePointer<Float>
    ) {
        kernel_scatter3(taps, tapStride, height, width, y, bias.constant, image)
    }
}
