import Checkpoints
import Kernels

/// Where the blocks take their tensors from, and for which kernels they pack them.
struct WeightSource {
    let kernels: KernelSet
    /// All numbers of the tensor of that name, row-major.
    let read: (_ name: String) -> [Float]

    /// From a checkpoint whose names and shapes have been checked.
    init(_ archive: TensorArchive, kernels: KernelSet) {
        self.kernels = kernels
        read = { name in
            guard let tensor = archive[name] else { preconditionFailure("unchecked tensor \(name)") }
            return tensor.floats()
        }
    }

    /// Seeded random numbers that keep activations of ordinary size: for measuring, where values do not matter.
    ///
    /// - Parameter change: what to make of a value of the tensor of that name.
    init(
        random shapes: [String: [Int]], seed: UInt64, kernels: KernelSet,
        change: ((_ name: String, _ value: Float) -> Float)?
    ) {
        self.kernels = kernels
        read = { name in
            let shape = shapes[name] ?? [], count = shape.reduce(1, *)
            if let values = Architecture.plainBuffer(name, count: count) {
                return values.map { change?(name, $0) ?? $0 }
            }
            let fanIn = max(1, shape.dropFirst().reduce(1, *))
            // One stream per tensor, so that the order of loading does not matter.
            var state = name.utf8.reduce(seed &* 0x9E37_79B9_7F4A_7C15 | 1) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            let scale = shape.count > 1 && fanIn > 1 ? (3 / Float(fanIn)).squareRoot() * 0.5 : 0.5
            return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let value = (Float(state >> 40) / Float(1 << 23) - 1) * scale
                    buffer[index] = change?(name, value) ?? value
                }
                initialized = count
            }
        }
    }

    /// The same tensors, packed for other kernels.
    func using(_ kernels: KernelSet) -> WeightSource {
        guard self.kernels.precision != kernels.precision else { return self }
        return WeightSource(kernels: kernels, read: read)
    }

    private init(kernels: KernelSet, read: @escaping (String) -> [Float]) {
        self.kernels = kernels
        self.read = read
    }

    func floats(_ name: String) -> [Float] { read(name) }

    func norm(_ name: String, epsilon: Float) -> LayerNorm {
        LayerNorm(weight: floats("\(name).weight"), bias: floats("\(name).bias"), epsilon: epsilon)
    }

    /// A 1×1 convolution or Linear.
    ///
    /// - Parameter scale: one factor per output channel, folded into weights and bias.
    func linear(_ name: String, gated: Bool = false, scale: [Float]? = nil, hasBias: Bool = true) -> PackedMatrix {
        var bias = hasBias ? floats("\(name).bias") : nil
        var weight = floats("\(name).weight")
        let rows = bias?.count ?? scale?.count ?? 0
        if let scale {
            let depth = weight.count / scale.count
            for row in scale.indices {
                for k in 0..<depth { weight[row * depth + k] *= scale[row] }
                bias?[row] *= scale[row]
            }
        }
        return PackedMatrix(weight: weight, bias: bias, depth: weight.count / rows, gated: gated, kernels: kernels)
    }

    /// A 2×2 convolution with stride 2 as two products: with the upper and with the lower row of pixel pairs.
    func halving(_ name: String) -> HalvingConvolution {
        let bias = floats("\(name).bias"), weight = floats("\(name).weight")
        let out = bias.count, input = weight.count / (4 * out)
        // (out, in, dy, dx) → per dy: (out, dx·in + channel), the order in which a pair of pixels lies in memory.
        func row(_ dy: Int) -> [Float] {
            var matrix = [Float](repeating: 0, count: out * 2 * input)
            for o in 0..<out {
                for c in 0..<input {
                    for dx in 0..<2 { matrix[(o * 2 + dx) * input + c] = weight[((o * input + c) * 2 + dy) * 2 + dx] }
                }
            }
            return matrix
        }
        return HalvingConvolution(
            upper: PackedMatrix(weight: row(0), bias: bias, depth: 2 * input, kernels: kernels),
            lower: PackedMatrix(weight: row(1), bias: nil, depth: 2 * input, kernels: kernels))
    }
}

/// conv 2×2, stride 2: on (pixels, channels) rows a pair of neighbouring pixels is one contiguous vector of twice the
/// channels, so that the convolution is a product per image row without gathering anything.
struct HalvingConvolution: Sendable {
    let upper: PackedMatrix
    let lower: PackedMatrix

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
