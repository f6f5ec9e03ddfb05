import CKernels

/// The weights and bias of a linear layer (1×1 convolution), in the form that a kernel set multiplies by.
public struct PackedMatrix: Sendable {
    /// What becomes of the product before it is stored.
    public enum Epilogue: Sendable {
        /// c = a·Wᵀ + bias
        case store
        /// c += a·Wᵀ + bias
        case add
        /// c = GELU(a·Wᵀ + bias), exact erf form
        case gelu
        /// c = max(a·Wᵀ + bias, 0)
        case relu

        var code: kernel_epilogue {
            switch self {
            case .store: kernel_store
            case .add: kernel_add
            case .gelu: kernel_gelu
            case .relu: kernel_relu
            }
        }
    }

    /// Channels in, of one segment.
    public let depth: Int
    /// Pieces of memory that a row of a consists of; 1 but for convolutions, where each is a row of the image.
    public let segments: Int
    /// Channels out of the product, before a gate halves them.
    public let columns: Int
    /// Whether results are gated: the first half of the columns times the second.
    public let isGated: Bool

    private let kernels: KernelSet
    private let weights: AlignedFloats
    private let bias: AlignedFloats

    /// - Parameters:
    ///   - weight: (columns, segments · depth) row-major: a checkpoint's order for Linear and 1×1 convolution.
    ///   - bias: (columns), or nil for zeros.
    ///   - depth: channels in, of one segment.
    ///   - segments: pieces of memory that a row of a consists of.
    ///   - gated: whether the first half of the columns is multiplied by the second.
    ///   - kernels: what multiplies by it.
    public init(
        weight: [Float], bias: [Float]?, depth: Int, segments: Int = 1, gated: Bool = false, kernels: KernelSet
    ) {
        let whole = depth * segments
        precondition(weight.count % whole == 0, "\(weight.count) weights for depth \(segments)·\(depth)")
        let columns = weight.count / whole
        precondition(bias.map { $0.count == columns } ?? true, "bias does not have \(columns) values")
        precondition(!gated || columns % 2 == 0, "a gate halves an even number of columns")
        self.depth = depth
        self.segments = segments
        self.columns = columns
        self.isGated = gated
        self.kernels = kernels
        let table = kernels.table.pointee, gate: Int32 = gated ? 1 : 0
        weights = AlignedFloats(count: table.packed_weights(columns, whole, gate))
        self.bias = AlignedFloats(count: table.packed_bias(columns, gate))
        if let bias {
            table.pack(columns, whole, gate, weight, bias, weights.pointer, self.bias.pointer)
        } else {
            table.pack(columns, whole, gate, weight, nil, weights.pointer, self.bias.pointer)
        }
    }

    /// Without numbers: stands in where nothing is multiplied, but only asked for.
    public init(columns: Int, depth: Int, segments: Int = 1, gated: Bool = false, kernels: KernelSet) {
        self.depth = depth
        self.segments = segments
        self.columns = columns
        isGated = gated
        self.kernels = kernels
        weights = AlignedFloats(count: 0)
        bias = AlignedFloats(count: 0)
    }

    /// Floats of working memory that ``multiplyGated(rows:_:stride:to:stride:product:)`` wants for that many rows.
    public func productCount(rows: Int) -> Int { isGated ? rows * columns : 0 }

    /// Floats of the packed weights.
    public var weightCount: Int { weights.count }

    /// Packs weights that do to a strip what these do to the strip times `scale`.
    ///
    /// - Parameters:
    ///   - scale: one factor per channel in.
    ///   - memory: receives ``weightCount`` floats.
    /// - Returns: false where the kernel set rounds its weights, which this would do twice; nothing is written then.
    public func scaleWeights(by scale: UnsafePointer<Float>, into memory: UnsafeMutablePointer<Float>) -> Bool {
        precondition(!isGated && segments == 1, "only the weights of a plain product are scaled")
        guard let scaleWeights = kernels.table.pointee.scale_weights else { return false }
        scaleWeights(columns, depth, weights.constant, scale, memory)
        return true
    }

    /// One strip of pixels times the weights.
    ///
    /// - Parameters:
    ///   - ahead: what the calling thread reads next.
    ///   - scaled: what ``scaleWeights(by:into:)`` wrote, instead of the weights.
    ///   - a: `(segments, rows, depth)` with strides `segmentStride` and `aStride`; rows may overlap.
    ///   - c: `(rows, columns)` with stride `cStride`; must not overlap `a`.
    ///   - rows: pixels of the strip.
    ///   - aStride: floats from one row of a segment to the next.
    ///   - segmentStride: floats from one segment to the next.
    ///   - cStride: floats from one row of c to the next.
    ///   - epilogue: what becomes of the product before it is stored.
    public func multiply(
        rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, segmentStride: Int = 0,
        to c: UnsafeMutablePointer<Float>, stride cStride: Int, _ epilogue: Epilogue = .store,
        scaled: UnsafePointer<Float>? = nil, ahead: Ahead? = nil
    ) {
        precondition(!isGated, "a gated matrix multiplies through multiplyGated")
        var op = operation(rows, a, aStride, c, cStride, ahead)
        op.a_segment = segmentStride
        if let scaled { op.weights = scaled }
        kernels.table.pointee.matmul(&op, epilogue.code)
    }

    /// The same with the gate: c is `(rows, columns / 2)`; `product` has ``productCount(rows:)`` floats.
    public func multiplyGated(
        rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, to c: UnsafeMutablePointer<Float>,
        stride cStride: Int, product: UnsafeMutablePointer<Float>, ahead: Ahead? = nil
    ) {
        precondition(isGated, "not a gated matrix")
        var op = operation(rows, a, aStride, c, cStride, ahead)
        op.product = product
        kernels.table.pointee.matmul(&op, kernel_gate)
    }

    private func operation(
        _ rows: Int, _ a: UnsafePointer<Float>, _ aStride: Int, _ c: UnsafeMutablePointer<Float>, _ cStride: Int,
        _ ahead: Ahead?
    ) -> kernel_matmul {
        var op = kernel_matmul()
        op.rows = rows
        op.depth = depth
        op.segments = segments
        op.columns = columns
        op.a = a
        op.a_stride = aStride
        op.weights = weights.constant
        op.bias = bias.constant
        op.c = c
        op.c_stride = cStride
        op.ahead = ahead?.start
        op.ahead_count = ahead?.count ?? 0
        return op
    }
}

/// Memory that a thread reads soon: a product that is told of it has it brought into the second cache meanwhile. A product
/// waits for its arithmetic, what surrounds it for memory; and one row of a map ends where the hardware does not foresee it.
public struct Ahead {
    let start: UnsafePointer<Float>
    let count: Int

    /// - Parameter count: floats.
    public init(_ start: UnsafePointer<Float>, count: Int) {
        self.start = start
        self.count = count
    }
}
