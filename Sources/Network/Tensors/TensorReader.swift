import Kernels

/// What layers ask for their tensors, by name and shape, where they are made: so a name stands once. Names are relative to
/// a part of the network (``subscript(_:)``), and numbers are row-major.
///
/// Where nothing is to be read, but only to be heard what a network asks for, arrays and matrices are empty.
struct TensorReader {
    /// For which matrices are packed.
    let kernels: KernelSet
    private let source: TensorSource
    private let prefix: String

    init(_ source: TensorSource, kernels: KernelSet) {
        self.init(source, prefix: "", kernels: kernels)
    }

    private init(_ source: TensorSource, prefix: String, kernels: KernelSet) {
        self.source = source
        self.prefix = prefix
        self.kernels = kernels
    }

    /// The tensors of a part: `tensors["encoder"]["downs.0"]`.
    subscript(_ part: String) -> TensorReader {
        TensorReader(source, prefix: name(part) + ".", kernels: kernels)
    }

    /// The same tensors, packed for other kernels.
    func using(_ kernels: KernelSet) -> TensorReader {
        guard self.kernels.precision != kernels.precision else { return self }
        return TensorReader(source, prefix: prefix, kernels: kernels)
    }

    /// The whole name of a tensor.
    func name(_ tensor: String) -> String { prefix + tensor }

    /// All numbers of a tensor; none where nothing is read.
    func floats(_ tensor: String, _ shape: [Int]) -> [Float] {
        source.floats(name(tensor), shape)
    }

    /// All numbers of a tensor whose size no file decides; zeros where nothing is read. For layers that compute with them
    /// while they are made.
    ///
    /// - Parameter random: the numbers that stand there in a network of random weights, by index; nil for any.
    func values(_ tensor: String, _ shape: [Int], random: ((_ index: Int) -> Float)? = nil) -> [Float] {
        let floats = source.floats(name(tensor), shape, random: random)
        return source.hasNumbers ? floats : [Float](repeating: 0, count: shape.reduce(1, *))
    }

    /// Tensors that files have here and nobody needs: those whose names begin so.
    func leaveAlone(_ beginning: String) { source.leaveAlone(name(beginning)) }

    /// Holds against the file that a tensor has values with which the network cannot be computed.
    func refuse(_ reason: @autoclosure () -> String, if isWrong: Bool) {
        if isWrong { source.refuse(reason()) }
    }

    // MARK: Layers

    func norm(_ name: String, _ channels: Int, epsilon: Float) -> LayerNorm {
        let part = self[name]
        return LayerNorm(
            weight: part.floats("weight", [channels]), bias: part.floats("bias", [channels]), epsilon: epsilon)
    }

    /// A 1×1 convolution.
    ///
    /// - Parameter scale: one factor per output channel, folded into weights and bias.
    func convolution1x1(
        _ name: String, out: Int, in input: Int, gated: Bool = false, scale: [Float]? = nil
    ) -> PackedMatrix {
        self[name].product([out, input, 1, 1], gated: gated, scale: scale)
    }

    /// A Linear.
    func linear(_ name: String, out: Int, in input: Int, scale: [Float]? = nil) -> PackedMatrix {
        self[name].product([out, input], gated: false, scale: scale)
    }

    private func product(_ shape: [Int], gated: Bool, scale: [Float]?) -> PackedMatrix {
        let (rows, depth) = (shape[0], shape[1])
        var bias = floats("bias", [rows])
        guard source.hasNumbers else {
            source.declare(name("weight"), shape)
            return PackedMatrix(columns: rows, depth: depth, gated: gated, kernels: kernels)
        }
        var weight = floats("weight", shape)
        if let scale {
            for row in 0..<rows {
                for k in row * depth..<(row + 1) * depth { weight[k] *= scale[row] }
                bias[row] *= scale[row]
            }
        }
        return PackedMatrix(weight: weight, bias: bias, depth: depth, gated: gated, kernels: kernels)
    }

    /// A matrix made of a convolution's `weight`, in the order in which a product wants its numbers.
    ///
    /// - Parameters:
    ///   - shape: of the tensor.
    ///   - depth: columns of one segment.
    ///   - hasBias: without it zeros are added.
    ///   - order: which number of `bias` belongs to a row; nil when they stand in order.
    ///   - place: where in the tensor a number of the matrix stands.
    @inline(__always)
    func matrix(
        _ shape: [Int], rows: Int, depth: Int, segments: Int = 1, hasBias: Bool = true, order: [Int]? = nil,
        _ place: (_ row: Int, _ column: Int) -> Int
    ) -> PackedMatrix {
        let columns = depth * segments
        let stored = hasBias ? floats("bias", [rows]) : nil
        guard source.hasNumbers else {
            source.declare(name("weight"), shape)
            return PackedMatrix(columns: rows, depth: depth, segments: segments, kernels: kernels)
        }
        let weight = floats("weight", shape)
        let ordered = [Float](unsafeUninitializedCapacity: rows * columns) { matrix, initialized in
            for row in 0..<rows {
                for column in 0..<columns { matrix[row * columns + column] = weight[place(row, column)] }
            }
            initialized = rows * columns
        }
        let bias = stored.map { bias in order.map { $0.map { bias[$0] } } ?? bias }
        return PackedMatrix(weight: ordered, bias: bias, depth: depth, segments: segments, kernels: kernels)
    }
}
