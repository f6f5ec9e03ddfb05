import Foundation
import Kernels
import TestSupport
import Testing

struct LayerTests {
    @Test(arguments: KernelSet.all.map(\.name))
    func layerNormOnRandomShapes(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 21)
        for trial in 0..<40 {
            // Channels that fill their vectors are normed for several pixels at once.
            let pixels = random.integer(1...40), pad = random.integer(0...3)
            let channels = trial % 4 == 1 ? 16 * random.integer(1...6) : random.integer(1...100)
            let stride = channels + pad, epsilon: Float = trial % 2 == 0 ? 1e-6 : 1e-5
            // Every other trial so small that epsilon decides, and off centre.
            let scale: Float = trial % 3 == 0 ? 1e-3 : 1
            let x = random.floats(pixels * stride).map { $0 * scale + 3 * scale }
            let norm = LayerNorm(weight: random.floats(channels), bias: random.floats(channels), epsilon: epsilon)
            let before = random.floats(pixels * channels)
            var stored = [Float](repeating: 0, count: pixels * channels), added = before
            kernels.layerNorm(norm, pixels: pixels, x, stride: stride, to: &stored, stride: channels)
            kernels.layerNorm(norm, pixels: pixels, x, stride: stride, to: &added, stride: channels, accumulate: true)
            let weight = norm.weight.values, bias = norm.bias.values
            for pixel in 0..<pixels {
                var alone = [Float](repeating: 0, count: channels)
                x.withUnsafeBufferPointer {
                    kernels.layerNorm(
                        norm, pixels: 1, $0.baseAddress! + pixel * stride, stride: stride, to: &alone, stride: channels)
                }
                #expect(
                    alone[...] == stored[pixel * channels..<(pixel + 1) * channels],
                    "\(name), trial \(trial): pixel \(pixel) depends on those beside it")
                let values = (0..<channels).map { Double(x[pixel * stride + $0]) }
                let mean = values.reduce(0, +) / Double(channels)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
                for channel in 0..<channels {
                    let wanted =
                        (values[channel] - mean) / (variance + Double(epsilon)).squareRoot() * Double(weight[channel])
                        + Double(bias[channel])
                    let index = pixel * channels + channel
                    let shape = "\(name), trial \(trial): \(pixels) pixels, \(channels) channels"
                    #expect(abs(Double(stored[index]) - wanted) <= 2e-5, "\(shape)")
                    #expect(abs(Double(added[index]) - wanted - Double(before[index])) <= 2e-5, "\(shape), added")
                }
            }
        }
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func depthwiseGateOnRandomShapes(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 22)
        for trial in 0..<40 {
            let height = random.integer(1...4), width = random.integer(1...12), channels = random.integer(1...40)
            let doubled = 2 * channels
            let x = random.floats(height * width * doubled), weight = random.floats(doubled * 9)
            let bias = random.floats(doubled)
            let convolution = DepthwiseConvolution(weight: weight, bias: bias)
            var y = [Float](repeating: 0, count: height * width * channels)
            var sums = [Double](repeating: 0.5, count: channels)
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    for row in 0..<height {
                        let line = width * doubled, start = x.baseAddress! + row * line
                        kernels.depthwiseGate(
                            convolution, width: width, above: row > 0 ? start - line : nil, here: start,
                            below: row + 1 < height ? start + line : nil,
                            to: y.baseAddress! + row * width * channels, sums: &sums)
                    }
                }
            }
            func convolved(_ row: Int, _ column: Int, _ channel: Int) -> Double {
                var sum = Double(bias[channel])
                for dy in 0..<3 where (0..<height).contains(row + dy - 1) {
                    for dx in 0..<3 where (0..<width).contains(column + dx - 1) {
                        let pixel = (row + dy - 1) * width + column + dx - 1
                        sum += Double(x[pixel * doubled + channel]) * Double(weight[channel * 9 + 3 * dy + dx])
                    }
                }
                return sum
            }
            let shape = "\(name), trial \(trial): \(height)×\(width), \(channels) channels"
            var totals = [Double](repeating: 0.5, count: channels)
            for row in 0..<height {
                for column in 0..<width {
                    for channel in 0..<channels {
                        let wanted = convolved(row, column, channel) * convolved(row, column, channels + channel)
                        let got = Double(y[(row * width + column) * channels + channel])
                        #expect(abs(got - wanted) <= 2e-5, "\(shape) at \(row), \(column), \(channel)")
                        totals[channel] += wanted
                    }
                }
            }
            for channel in 0..<channels { #expect(abs(sums[channel] - totals[channel]) <= 1e-3, "\(shape) sums") }
        }
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func rowArithmetic(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 23)
        let pixels = 3
        for channels in [1, 7, 16, 33, 48] {
            let z = random.floats(pixels * channels), x = random.floats(pixels * (channels + 2))
            let d = random.floats(pixels * channels)
            let alpha = random.floats(channels, 0.3, 0.9), factor: Float = 0.25
            func combined(_ inverse: Bool, _ start: [Float]) -> [Float] {
                var result = start
                kernels.combineRows(
                    pixels: pixels, channels: channels, z, stride: channels, x, stride: channels + 2, times: factor,
                    alpha: alpha, inverse: inverse, into: &result, stride: channels)
                return result
            }
            let forward = combined(false, d)
            var scaled = [Float](repeating: 0, count: pixels * channels), added = z
            kernels.scaleRows(
                pixels: pixels, channels: channels, z, stride: channels, by: alpha, to: &scaled, stride: channels)
            kernels.addRows(
                pixels: pixels, channels: channels, x, stride: channels + 2, times: factor, to: &added, stride: channels)
            for pixel in 0..<pixels {
                for channel in 0..<channels {
                    let i = pixel * channels + channel, change = z[i] + factor * x[pixel * (channels + 2) + channel]
                    #expect(abs(forward[i] - (alpha[channel] * d[i] + change)) <= 1e-6)
                    #expect(abs(scaled[i] - z[i] * alpha[channel]) <= 1e-7)
                    #expect(abs(added[i] - change) <= 1e-6)
                }
            }
            #expect(maxAbsoluteDifference(combined(true, forward), d) <= 2e-6, "\(channels) channels: inverse")
        }
    }
}
