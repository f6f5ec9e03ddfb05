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

    /// Of a hidden layer of one net.
    private static let units = 25

    /// - Parameters:
    ///   - order: which channel stands at each place.
    ///   - mask: by place.
    ///   - pending: what x still lacks.
    init(
        _ tensors: TensorReader, order: [Int], mask: [Float], pending: BlurAffine, inputs: Range<Int>,
        outputs: Range<Int>
    ) {
        self.inputs = inputs
        self.outputs = outputs
        let nets = ["s_net", "t_net"].map { tensors[$0] }, channels = order.count, units = Self.units
        hidden = 2 * units

        var weight: [Float] = [], bias: [Float] = []
        for net in nets {
            let stored = net.values("0.weight", [units, channels]), biases = net.values("0.bias", [units])
            for unit in 0..<units {
                var constant = Double(biases[unit])
                for place in inputs {
                    let w = Double(stored[unit * channels + order[place]]) * Double(mask[place])
                    weight.append(Float(w * pending.factor[place]))
                    constant += w * pending.offset[place]
                }
                bias.append(Float(constant))
            }
        }
        first = PackedMatrix(weight: weight, bias: bias, depth: inputs.count, kernels: tensors.kernels)

        var diagonal = [Float](repeating: 0, count: hidden * hidden)
        for (index, net) in nets.enumerated() {
            let stored = net.values("2.weight", [units, units])
            for row in 0..<units {
                for column in 0..<units {
                    diagonal[(index * units + row) * hidden + index * units + column] = stored[row * units + column]
                }
            }
        }
        second = PackedMatrix(
            weight: diagonal, bias: nets.flatMap { $0.values("2.bias", [units]) }, depth: hidden,
            kernels: tensors.kernels)

        let last = nets.map { net in
            let stored = net.values("4.weight", [channels, units]), bias = net.values("4.bias", [channels])
            return PackedMatrix(
                weight: outputs.flatMap { stored[order[$0] * units..<(order[$0] + 1) * units] },
                bias: outputs.map { bias[order[$0]] }, depth: units, kernels: tensors.kernels)
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
