import Foundation
import Kernels

/// The normalising flow from normal codes to kernels, in its inverse direction (specification 5.3 and 5.4), one pixel at a
/// time.
///
/// A coupling replaces the channels outside its mask by a function of those inside. Where all masks are one pattern and
/// its complement, as in every published model, the channels are kept sorted by that pattern: then the inputs of a
/// coupling are one half of the vector and what it changes is the other, half the work of the plain formula. Other masks
/// go through the same code with both halves the whole vector.
///
/// The normalisations between the couplings are x·factor + offset per channel. They are folded into the first layer of
/// the next nets, and put off for the other channels until a coupling rewrites them anyway.
struct BlurFlow: Sendable {
    /// Which channel stands at each place of the vector.
    let order: [Int]
    private let couplings: [BlurCoupling]
    /// What is still to be done to each place before the last sigmoid.
    private let factor: AlignedFloats
    private let offset: AlignedFloats
    /// κ = sigmoid(x)·gain + base.
    private let gain: Float
    private let base: Float

    /// 19 × 19 taps.
    static let channels = 361

    init(_ tensors: TensorReader) {
        let entries = [0, 2, 4, 6, 8], count = Self.channels
        let masks = entries.map { entry in
            tensors.values("net.\(entry).mask", [count]) { Float(($0 + entry / 2) % 2) }
        }
        let pattern = Self.pattern(of: masks)
        if let pattern {
            order = (0..<count).filter { pattern[$0] == 0 } + (0..<count).filter { pattern[$0] == 1 }
        } else {
            order = Array(0..<count)
        }
        let split = pattern.map { $0.count { $0 == 0 } } ?? 0

        var pending = BlurAffine(count: count), couplings: [BlurCoupling] = []
        for entry in entries.indices.reversed() {
            pending.append(normalisation: tensors["net.\(2 * entry + 1)"], order: order)
            let mask = order.map { masks[entry][$0] }
            var inputs = 0..<count, outputs = 0..<count
            if pattern != nil {
                let ones = split..<count, zeros = 0..<split
                (inputs, outputs) = mask[0] == 0 ? (ones, zeros) : (zeros, ones)
            }
            couplings.append(
                BlurCoupling(
                    tensors["net.\(2 * entry)"], order: order, mask: mask, pending: pending, inputs: inputs,
                    outputs: outputs))
            pending.clear(outputs)
        }
        self.couplings = couplings
        factor = AlignedFloats(pending.factor.map { Float($0) })
        offset = AlignedFloats(pending.offset.map { Float($0) })
        let side = tensors.values("kernel_size", [1]) { _ in 19 }[0]
        tensors.refuse(
            "blur kernels of side \(side) (\(tensors.name("kernel_size"))); 19 is", if: side != 19)
        let alpha = Double(tensors.values("alpha", [1]) { _ in 1e-6 }[0])
        tensors.refuse("\(tensors.name("alpha")) = 0.5, which divides by zero", if: alpha == 0.5)
        let scale = Double(tensors.values("normalization", [1]) { _ in 1 }[0]) / (1 - 2 * alpha)
        tensors.leaveAlone("base_dist_")
        gain = Float(scale)
        base = Float(-alpha * scale)
    }

    /// The pattern that all masks equal or complement; nil when there is none or a side of it is empty.
    private static func pattern(of masks: [[Float]]) -> [Float]? {
        guard let first = masks.first, first.contains(0), first.contains(1),
            masks.allSatisfy({ mask in mask.allSatisfy { $0 == 0 || $0 == 1 } })
        else { return nil }
        let complement = first.map { 1 - $0 }
        return masks.allSatisfy { $0 == first || $0 == complement } ? first : nil
    }

    /// Floats of working memory for that many pixels at once.
    func scratchCount(pixels: Int) -> Int {
        pixels * (couplings.map { 2 * $0.hidden + 2 * $0.outputs.count }.max() ?? 0)
    }

    /// u → κ in place, `(pixels, 361)` without gaps, both sorted as ``order`` says.
    func invert(pixels: Int, _ x: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, kernels: KernelSet) {
        for coupling in couplings {
            coupling.apply(pixels: pixels, x, stride: Self.channels, scratch: scratch, kernels: kernels)
        }
        kernels.sigmoid(
            pixels: pixels, x, stride: Self.channels, factor: factor, offset: offset, gain: gain, base: base)
    }
}

/// x·factor + offset per place, kept in double precision while it is put together.
struct BlurAffine {
    var factor: [Double]
    var offset: [Double]

    init(count: Int) {
        factor = [Double](repeating: 1, count: count)
        offset = [Double](repeating: 0, count: count)
    }

    /// Then (y − `beta`)·exp(−`log_gamma`)·sqrt(`running_var` + 1e-5) + `running_mean`.
    mutating func append(normalisation tensors: TensorReader, order: [Int]) {
        let count = order.count
        let beta = tensors.values("beta", [count]), logGamma = tensors.values("log_gamma", [count])
        let mean = tensors.values("running_mean", [count]), variance = tensors.values("running_var", [count]) { _ in 1 }
        tensors.refuse(
            "negative variances in \(tensors.name("running_var"))", if: !variance.allSatisfy { $0 >= 0 })
        for (place, channel) in order.enumerated() {
            let scale = exp(-Double(logGamma[channel])) * (Double(variance[channel]) + 1e-5).squareRoot()
            factor[place] *= scale
            offset[place] = (offset[place] - Double(beta[channel])) * scale + Double(mean[channel])
        }
    }

    /// Nothing is left to do at those places.
    mutating func clear(_ places: Range<Int>) {
        for place in places {
            factor[place] = 1
            offset[place] = 0
        }
    }
}
