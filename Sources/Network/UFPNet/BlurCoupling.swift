import Kernels

/// One coupling of the flow: x ← a + (1 − M)·(x·exp(S(a)) + T(a)) with a = M·x (specification 5.3), on vectors whose
/// normalisation is still pending.
struct BlurCoupling: Sendable {
    /// Places that the nets read, and places that change.
    let inputs: Range<Int>
    let outputs: Range<Int>
    /// Units of a hidden layer, those of `s_net` first, then those of `t_net`.
    let hidden: Int

    private let first: PackedMatrix
    /// The two nets' second layers as blocks on a diagonal.
    private let second: PackedMatrix
    private let scale: PackedMatrix
    private let shift: PackedMatrix
    private let factor: AlignedFloats
    private let offset: AlignedFloats
    private let keep: AlignedFloats

    /// - Parameters:
    ///   - order: which channel stands at each place.
    ///   - mask: by place.
    ///   - pending: what x still lacks.
    init(
        _ source: WeightSource, _ name: String, order: [Int], mask: [Float], pending: BlurAffine, inputs: Range<Int>,
        outputs: Range<Int>
    ) {
        self.inputs = inputs
        self.outputs = outputs
        let nets = ["s_net", "t_net"].map { "\(name).\($0)" }, channels = order.count
        let biases = nets.map { source.floats("\($0).0.bias") }, units = biases[0].count
        hidden = 2 * units

        var weight: [Float] = [], bias: [Float] = []
        for (net, name) in nets.enumerated() {
            let stored = source.floats("\(name).0.weight")
            for unit in 0..<units {
                var constant = Double(biases[net][unit])
                for place in inputs {
                    let w = Double(stored[unit * channels + order[place]]) * Double(mask[place])
                    weight.append(Float(w * pending.factor[place]))
                    constant += w * pending.offset[place]
                }
                bias.append(Float(constant))
            }
        }
        first = PackedMatrix(weight: weight, bias: bias, depth: inputs.count, kernels: source.kernels)

        var diagonal = [Float](repeating: 0, count: hidden * hidden)
        for (net, name) in nets.enumerated() {
            let stored = source.floats("\(name).2.weight")
            for row in 0..<units {
                for column in 0..<units {
                    diagonal[(net * units + row) * hidden + net * units + column] = stored[row * units + column]
                }
            }
        }
        second = PackedMatrix(
            weight: diagonal, bias: nets.flatMap { source.floats("\($0).2.bias") }, depth: hidden,
            kernels: source.kernels)

        let last = nets.map { name in
            let stored = source.floats("\(name).4.weight"), bias = source.floats("\(name).4.bias")
            return PackedMatrix(
                weight: outputs.flatMap { stored[order[$0] * units..<(order[$0] + 1) * units] },
                bias: outputs.map { bias[order[$0]] }, depth: units, kernels: source.kernels)
        }
        scale = last[0]
        shift = last[1]
        factor = AlignedFloats(outputs.map { Float(pending.factor[$0]) })
        offset = AlignedFloats(outputs.map { Float(pending.offset[$0]) })
        keep = AlignedFloats(outputs.map { mask[$0] })
    }

    /// - Parameters:
    ///   - x: `(pixels, channels)` with that stride.
    ///   - scratch: 2·(hidden + outputs) floats per pixel.
    func apply(
        pixels: Int, _ x: UnsafeMutablePointer<Float>, stride: Int, scratch: UnsafeMutablePointer<Float>,
        kernels: KernelSet
    ) {
        let one = scratch, two = one + pixels * hidden, s = two + pixels * hidden
        let width = outputs.count, t = s + pixels * width
        first.multiply(rows: pixels, x + inputs.lowerBound, stride: stride, to: one, stride: hidden)
        kernels.tanhAndRectify(pixels: pixels, tanhs: hidden / 2, channels: hidden, one, stride: hidden)
        second.multiply(rows: pixels, one, stride: hidden, to: two, stride: hidden)
        kernels.tanhAndRectify(pixels: pixels, tanhs: hidden / 2, channels: hidden, two, stride: hidden)
        scale.multiply(rows: pixels, two, stride: hidden, to: s, stride: width)
        shift.multiply(rows: pixels, two + hidden / 2, stride: hidden, to: t, stride: width)
        kernels.couple(
            pixels: pixels, x + outputs.lowerBound, stride: stride, factor: factor, offset: offset, keep: keep, scale: s,
            shift: t, netStride: width)
    }
}
