import Kernels

/// Head(C, n) of the classifier and the regressors (specification 7.2): layer norm of a pooled vector, Linear to ⌊C/2⌋,
/// GELU, Linear to n, times α.
struct VectorHead: Sendable {
    private let norm: LayerNorm
    private let hidden: PackedMatrix
    /// times alpha
    private let output: PackedMatrix
    /// n
    var outputs: Int { output.columns }

    init(_ source: WeightSource, _ name: String) {
        norm = source.norm("\(name).classifier.0", epsilon: 1e-6)
        hidden = source.linear("\(name).classifier.1")
        output = source.linear("\(name).classifier.3", scale: source.floats("\(name).alpha"))
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
func pool(
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
