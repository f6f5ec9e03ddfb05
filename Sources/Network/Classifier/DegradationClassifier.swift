import Kernels

/// Sorts a tile by how badly it is blurred (specification 7.2, `hard_simple`).
struct DegradationClassifier: Sendable {
    /// `ape.0` when the input is e3: to 1/16 scale.
    private let down: HalvingConvolution?
    private let block: Block
    private let head: VectorHead

    /// - Parameters:
    ///   - tensors: `ape`.
    ///   - channels: at scale 1/16.
    init(_ tensors: TensorReader, channels: Int, input: Architecture.ClassifierInput, classes: Int) {
        let first = input == .e3 ? 1 : 0
        down = input == .e3 ? HalvingConvolution(tensors["0"], out: channels, in: channels / 2) : nil
        block = Block(tensors["\(first)"], channels, fourier: false)
        head = VectorHead(tensors["\(first + 1)"], channels, outputs: classes)
    }

    /// One output per class from the workspace's scaled features, which it leaves as they are.
    func logits(kernels: KernelSet, in workspace: Workspace) -> [Float] {
        let size = workspace.size(atScale: 4), c = workspace.channels(atScale: 4), map = workspace.mixed
        if let down {
            let source = workspace.maps[3], row = 2 * size.width * c / 2
            workspace.team.parallelFor(size.height) { y in
                down.apply(pixels: size.width, source + y * 2 * row, to: map + y * size.width * c, stride: c)
            }
        } else {
            map.update(from: workspace.maps[4], count: size.pixels * c)
        }
        BlockPass(block: block, map: map, size: size, kernels: kernels, workspace: workspace, transform: nil).run()
        poolGlobally(map, pixels: size.pixels, channels: c, sums: workspace.sums, to: workspace.vectors[2])
        return head.run(workspace.vectors[2], kernels: kernels)
    }
}

/// Head(C, n) of the classifier and the regressors (specification 7.2): layer norm of a pooled vector, Linear to ⌊C/2⌋,
/// GELU, Linear to n, times α.
struct VectorHead: Sendable {
    private let norm: LayerNorm
    private let hidden: PackedMatrix
    /// times alpha
    private let output: PackedMatrix
    /// n
    var outputs: Int { output.columns }

    init(_ tensors: TensorReader, _ channels: Int, outputs: Int) {
        let half = channels / 2
        norm = tensors.norm("classifier.0", channels, epsilon: 1e-6)
        hidden = tensors.linear("classifier.1", out: half, in: channels)
        output = tensors.linear("classifier.3", out: outputs, in: half, scale: tensors.floats("alpha", [1, outputs]))
    }

    /// - Parameter vector: (C), overwritten.
    func run(_ vector: UnsafeMutablePointer<Float>, kernels: KernelSet) -> [Float] {
        let c = norm.channels
        kernels.layerNorm(norm, pixels: 1, vector, stride: c, to: vector, stride: c)
        var scratch = Scratch(floats: Scratch.rounded(c))
        let middle = scratch.take(c)
        hidden.multiply(rows: 1, vector, stride: c, to: middle, stride: c, .gelu)
        return [Float](unsafeUninitializedCapacity: outputs) { buffer, initialized in
            if let start = buffer.baseAddress {
                output.multiply(rows: 1, middle, stride: c, to: start, stride: outputs)
            }
            initialized = outputs
        }
    }
}

/// Global average pooling of a map `(pixels, channels)`, summed in double precision.
func poolGlobally(
    _ map: UnsafePointer<Float>, pixels: Int, channels: Int, sums: UnsafeMutablePointer<Double>,
    to vector: UnsafeMutablePointer<Float>
) {
    sums.update(repeating: 0, count: channels)
    for pixel in 0..<pixels {
        let row = map + pixel * channels
        for channel in 0..<channels { sums[channel] += Double(row[channel]) }
    }
    for channel in 0..<channels { vector[channel] = Float(sums[channel] / Double(pixels)) }
}
