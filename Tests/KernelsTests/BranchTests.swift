import Foundation
import Kernels
import TestSupport
import Testing

/// Pointwise work of the UFPNet encoder against formulas in double precision.
struct BranchTests {
    /// Around the widths of vectors, and the one in use.
    static let lengths = [1, 3, 4, 5, 15, 16, 17, 31, 33, 180, 181, 361]

    static func relative(_ x: Float, _ wanted: Double, floor: Double = 1e-30) -> Double {
        abs(Double(x) - wanted) / max(abs(wanted), floor)
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func softmaxAndItsNormalisation(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 31)
        for channels in Self.lengths where channels > 1 {
            let pixels = 3, stride = channels + 2
            // Far from 0: the largest logit has to be taken off first.
            let x = random.floats(pixels * stride, -9, 9).map { $0 + 200 }, gain = random.floats(pixels, 0.1, 1)
            var m = x, means = [Float](repeating: 0, count: pixels)
            kernels.softmax(pixels: pixels, channels: channels, &m, stride: stride)
            var z = m
            kernels.standardise(pixels: pixels, channels: channels, gain: gain, &z, stride: stride)
            let small = x.map { $0 - 200 }
            kernels.sigmoidMean(pixels: pixels, channels: channels, small, stride: stride, to: &means)
            for pixel in 0..<pixels {
                let row = (0..<channels).map { Double(x[pixel * stride + $0]) }, top = row.max() ?? 0
                let powers = row.map { exp($0 - top) }, total = powers.reduce(0, +)
                let softmax = powers.map { $0 / total }
                // The unbiased deviation of what was stored, since its own rounding is not at issue.
                let stored = (0..<channels).map { Double(m[pixel * stride + $0]) }
                let mean = stored.reduce(0, +) / Double(channels)
                let deviation =
                    (stored.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels - 1)).squareRoot()
                for c in 0..<channels {
                    let index = pixel * stride + c
                    #expect(Self.relative(m[index], softmax[c]) < 1e-6, "\(name) softmax, \(channels) channels")
                    let wanted = (stored[c] - mean) / deviation * Double(gain[pixel])
                    #expect(abs(Double(z[index]) - wanted) < 4e-6 * max(1, abs(wanted)), "\(name), \(channels) channels")
                }
                for c in channels..<stride { #expect(m[pixel * stride + c] == x[pixel * stride + c], "wrote beside") }
                let sigmoids = (0..<channels).reduce(0.0) { $0 + 1 / (1 + exp(-Double(small[pixel * stride + $1]))) }
                #expect(Self.relative(means[pixel], sigmoids / Double(channels)) < 1e-6, "\(name) mean of sigmoids")
            }
        }
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func functionsOverTheirWholeRange(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var inputs = (-8000...8000).map { Float($0) / 100 }
        inputs += (-2000...2000).map { Float($0) / 2000 } + [1e-20, -1e-20, 1e-6, 0.624999, 0.625]
        let count = inputs.count
        let one = AlignedFloats([Float](repeating: 1, count: count)), zero = AlignedFloats(count: count)
        var tanhs = inputs, sigmoids = inputs, exponentials = [Float](repeating: 1, count: count)
        kernels.tanhAndRectify(pixels: 1, tanhs: count, channels: count, &tanhs, stride: count)
        kernels.sigmoid(pixels: 1, &sigmoids, stride: count, factor: one, offset: zero, gain: 1, base: 0)
        kernels.couple(
            pixels: 1, &exponentials, stride: count, factor: one, offset: zero, keep: zero, scale: inputs,
            shift: zero.values, netStride: count)
        for (index, x) in inputs.enumerated() {
            let x = Double(x)
            #expect(Self.relative(tanhs[index], tanh(x)) < 5e-7, "\(name): tanh \(x) = \(tanhs[index])")
            #expect(Self.relative(sigmoids[index], 1 / (1 + exp(-x))) < 5e-7, "\(name): sigmoid \(x)")
            #expect(Self.relative(exponentials[index], exp(x)) < 5e-7, "\(name): exp \(x) = \(exponentials[index])")
        }
        // Beyond: bounded, not infinite or of the wrong sign.
        var far: [Float] = [1e4, -1e4, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
        kernels.tanhAndRectify(pixels: 1, tanhs: 4, channels: 4, &far, stride: 4)
        #expect(far == [1, -1, 1, -1])
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func couplingAndGate(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 32)
        for channels in Self.lengths {
            let pixels = 2, stride = channels + 3
            let x = random.floats(pixels * stride), s = random.floats(pixels * channels)
            let t = random.floats(pixels * channels), keep = random.floats(channels, 0, 1)
            let factor = random.floats(channels), offset = random.floats(channels)
            var y = x, nets = x
            kernels.couple(
                pixels: pixels, &y, stride: stride, factor: AlignedFloats(factor), offset: AlignedFloats(offset),
                keep: AlignedFloats(keep), scale: s, shift: t, netStride: channels)
            let tanhs = channels / 2
            kernels.tanhAndRectify(pixels: pixels, tanhs: tanhs, channels: channels, &nets, stride: stride)
            var gated = [Float](repeating: 0, count: pixels * channels), positive = gated
            kernels.sigmoidGate(
                pixels: pixels, channels: channels, x, stride: stride, gate: s, stride: channels, plus: t,
                stride: channels, to: &gated, stride: channels)
            kernels.rectify(
                pixels: pixels, channels: channels, x, stride: stride, to: &positive, stride: channels)
            for pixel in 0..<pixels {
                for c in 0..<channels {
                    let i = pixel * channels + c, j = pixel * stride + c
                    let v = Double(x[j]) * Double(factor[c]) + Double(offset[c]), k = Double(keep[c])
                    let wanted = k * v + (1 - k) * (v * exp(Double(s[i])) + Double(t[i]))
                    #expect(abs(Double(y[j]) - wanted) < 3e-6, "\(name): coupling, \(channels) channels")
                    let net = c < tanhs ? tanh(Double(x[j])) : max(0, Double(x[j]))
                    #expect(abs(Double(nets[j]) - net) < 1e-6, "\(name): nets, \(channels) channels")
                    let gate = Double(x[j]) / (1 + exp(-Double(s[i]))) + Double(t[i])
                    #expect(abs(Double(gated[i]) - gate) < 1e-6, "\(name): gate, \(channels) channels")
                    #expect(positive[i] == max(x[j], 0), "\(name): relu")
                }
                for c in channels..<stride {
                    #expect(y[pixel * stride + c] == x[pixel * stride + c], "\(name): coupling wrote beside")
                    #expect(nets[pixel * stride + c] == x[pixel * stride + c], "\(name): nets wrote beside")
                }
            }
        }
    }

    /// Moments of 184,110 draws; the bounds are five standard errors.
    @Test(arguments: KernelSet.all.map(\.name))
    func noiseIsStandardNormalAndAFunctionOfItsPlaceAlone(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        let pixels = 510, channels = 361, sigma = [Float](repeating: 1, count: pixels)
        func draw(_ key: UInt64, _ names: [UInt32], first: Int = 0, count: Int = 510) -> [Float] {
            var x = [Float](repeating: 0, count: count * names.count)
            kernels.addNoise(
                key: key, first: first, pixels: count, names: names, deviation: sigma, to: &x, stride: names.count)
            return x
        }
        let names = (0..<UInt32(channels)).map { $0 }, x = draw(7, names)
        let n = Double(x.count), deviation = n.squareRoot()
        func moment(_ power: Double) -> Double { x.reduce(0) { $0 + pow(Double($1), power) } / n }
        #expect(abs(moment(1)) < 5 / deviation)
        #expect(abs(moment(2) - 1) < 5 * 2.0.squareRoot() / deviation)
        #expect(abs(moment(3)) < 5 * 15.0.squareRoot() / deviation)
        #expect(abs(moment(4) - 3) < 5 * 96.0.squareRoot() / deviation)
        // Neighbours in either direction have nothing to do with each other.
        for distance in [1, 2, channels, 2 * channels] {
            let product = zip(x, x.dropFirst(distance)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(product) / n < 5 / deviation, "distance \(distance)")
        }
        #expect(x.allSatisfy { abs($0) < 6 })

        // Another order of channels, and a start in the middle: the same draws at other places.
        let shuffled = draw(7, names.reversed(), first: 200, count: 10)
        for pixel in 0..<10 {
            for channel in 0..<channels {
                let (got, wanted) = (shuffled[pixel * channels + channels - 1 - channel], x[(200 + pixel) * channels + channel])
                #expect(abs(got - wanted) < 1e-5)
            }
        }
        let other = draw(8, names)
        let product = zip(x, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(product) / n < 5 / deviation, "keys")
    }
}
