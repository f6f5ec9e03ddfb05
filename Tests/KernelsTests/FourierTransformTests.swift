import Foundation
import Kernels
import TestSupport
import Testing

struct FourierTransformTests {
    /// Rows forward, then columns forward into `(width/2 + 1, height, 2·channels)` bins.
    static func forward(_ transform: FourierTransform, _ map: [Float]) -> [Float] {
        let pair = 2 * transform.channels, pitch = pair + 3
        var spectrum = [Float](repeating: 0, count: transform.spectrumCount)
        var scratch = [Float](repeating: .nan, count: transform.scratchCount)
        let row = transform.width * transform.channels
        map.withUnsafeBufferPointer { map in
            for y in 0..<transform.height {
                transform.transformRow(
                    y, map.baseAddress! + y * row, stride: transform.channels, into: &spectrum, scratch: &scratch)
            }
        }
        var result = [Float](repeating: 0, count: transform.spectrumCount)
        for x in 0...transform.width / 2 {
            var bins = [Float](repeating: 0, count: transform.height * pitch)
            transform.transformColumn(x, of: spectrum, into: &bins, stride: pitch, scratch: &scratch)
            for y in 0..<transform.height {
                for c in 0..<pair { result[(x * transform.height + y) * pair + c] = bins[y * pitch + c] }
            }
        }
        return result
    }

    /// Columns back, then rows back, unscaled.
    static func inverse(_ transform: FourierTransform, _ bins: [Float]) -> [Float] {
        let pair = 2 * transform.channels, pitch = transform.channels + 5
        var spectrum = [Float](repeating: 0, count: transform.spectrumCount)
        var scratch = [Float](repeating: .nan, count: transform.scratchCount)
        bins.withUnsafeBufferPointer { bins in
            for x in 0...transform.width / 2 {
                transform.invertColumn(
                    x, bins.baseAddress! + x * transform.height * pair, stride: pair, into: &spectrum, scratch: &scratch)
            }
        }
        var map = [Float](repeating: 0, count: transform.height * transform.width * transform.channels)
        for y in 0..<transform.height {
            var row = [Float](repeating: 0, count: transform.width * pitch)
            transform.invertRow(y, of: spectrum, into: &row, stride: pitch, scratch: &scratch)
            for x in 0..<transform.width {
                for c in 0..<transform.channels {
                    map[(y * transform.width + x) * transform.channels + c] = row[x * pitch + c]
                }
            }
        }
        return map
    }

    /// Against the definition, in double precision; sizes with every radix that has code of its own, alone and before
    /// another, and with larger primes.
    @Test(arguments: KernelSet.all.map(\.name))
    func followsTheDefinition(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 31)
        let sizes = [
            (1, 2), (2, 2), (2, 4), (3, 6), (4, 8), (5, 10), (6, 12), (7, 14), (8, 22), (15, 26), (16, 30), (11, 2), (8, 16),
            (18, 4), (24, 6), (2, 36), (3, 48), (64, 2),
        ]
        for (height, width) in sizes {
            let channels = random.integer(1...19)
            let transform = try #require(FourierTransform(height: height, width: width, channels: channels, kernels: kernels))
            let map = random.floats(height * width * channels)
            let got = Self.forward(transform, map)
            for x in 0...width / 2 {
                for v in 0..<height {
                    for c in 0..<channels {
                        var re = 0.0, im = 0.0
                        for y in 0..<height {
                            for s in 0..<width {
                                let turn = Double(v * y % height) / Double(height) + Double(x * s % width) / Double(width)
                                let value = Double(map[(y * width + s) * channels + c])
                                re += value * cos(-2 * .pi * turn)
                                im += value * sin(-2 * .pi * turn)
                            }
                        }
                        let at = (x * height + v) * 2 * channels + c
                        let limit = 3e-6 * Double(height * width).squareRoot() + 1e-6
                        #expect(abs(Double(got[at]) - re) <= limit, "\(name) \(height)×\(width) real, bin \(x), \(v)")
                        #expect(
                            abs(Double(got[at + channels]) - im) <= limit, "\(name) \(height)×\(width) imaginary, \(x), \(v)")
                    }
                }
            }
        }
    }

    /// Spectra that are no transform of a real map, as after the convolutions: numpy's and PyTorch's definition.
    @Test(arguments: KernelSet.all.map(\.name))
    func inverseDropsImaginaryPartsOfTheOuterColumnsAfterTheColumnInverse(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 32)
        for (height, width) in [(1, 2), (3, 4), (4, 6), (6, 10), (8, 8), (7, 14)] {
            let channels = random.integer(1...19)
            let transform = try #require(FourierTransform(height: height, width: width, channels: channels, kernels: kernels))
            let bins = random.floats(transform.spectrumCount)
            let got = Self.inverse(transform, bins)
            for c in 0..<channels {
                for y in 0..<height {
                    // Complex inverse along the columns…
                    let columns = (0...width / 2).map { x -> (Double, Double) in
                        var re = 0.0, im = 0.0
                        for v in 0..<height {
                            let at = (x * height + v) * 2 * channels + c
                            let a = Double(bins[at]), b = Double(bins[at + channels])
                            let angle = 2 * Double.pi * Double(v * y % height) / Double(height)
                            re += a * cos(angle) - b * sin(angle)
                            im += a * sin(angle) + b * cos(angle)
                        }
                        return (re, im)
                    }
                    for s in 0..<width {
                        // …then the half-spectrum inverse along x.
                        var sum = columns[0].0 + columns[width / 2].0 * (s % 2 == 0 ? 1 : -1)
                        for x in 1..<max(1, width / 2) {
                            let angle = 2 * Double.pi * Double(x * s % width) / Double(width)
                            sum += 2 * (columns[x].0 * cos(angle) - columns[x].1 * sin(angle))
                        }
                        let limit = 4e-6 * Double(height * width).squareRoot() + 1e-6
                        let value = Double(got[(y * width + s) * channels + c])
                        #expect(abs(value - sum) <= limit, "\(name) \(height)×\(width) at \(y), \(s)")
                    }
                }
            }
        }
    }

    /// The sizes that tiles have, against FFTW (the portable set); and lines above 128, which fall into shorter ones first,
    /// by each radix: 8 or 4, 6, 2, 3, 5, and a prime without code of its own.
    @Test(arguments: KernelSet.all.filter { $0.name != "portable" }.map(\.name))
    func agreesWithFFTW(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 33)
        let sizes = [
            (384, 384, 3), (48, 384, 20), (368, 48, 16), (352, 304, 2), (208, 272, 5), (132, 12, 17), (162, 36, 33), (130, 18, 16),
            (135, 4, 32), (155, 2, 40), (187, 2, 16), (121, 26, 16),
        ]
        for (height, width, channels) in sizes {
            let fast = try #require(FourierTransform(height: height, width: width, channels: channels, kernels: kernels))
            let plain = try #require(FourierTransform(height: height, width: width, channels: channels, kernels: .portable))
            let map = random.floats(height * width * channels)
            let spectrum = Self.forward(fast, map), reference = Self.forward(plain, map)
            let limit = 2e-6 * standardDeviation(reference) * 4
            #expect(maxAbsoluteDifference(spectrum, reference) <= limit, "\(height)×\(width)×\(channels) forward")
            let back = Self.inverse(fast, spectrum).map { $0 / Float(height * width) }
            #expect(maxAbsoluteDifference(back, map) <= 3e-6, "\(height)×\(width)×\(channels) round trip")
        }
    }
}
