import Images
import Testing

@Suite struct RasterTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        var channels: Int
        var bitDepth: Int
        var hasAlpha: Bool
        var testDescription: String { "\(channels) channels, \(bitDepth) bit\(hasAlpha ? ", alpha" : "")" }

        static let all = [1, 3].flatMap { channels in
            [8, 16].flatMap { depth in
                [false, true].map { Kind(channels: channels, bitDepth: depth, hasAlpha: $0) }
            }
        }
    }

    static let sizes = [(1, 1), (2, 1), (1, 7), (3, 5), (17, 9), (33, 31)]

    @Test(arguments: Kind.all) func readThenWrite_GivesTheSameSamples(_ kind: Kind) throws {
        for (index, (width, height)) in Self.sizes.enumerated() {
            let raster = try Raster.noise(
                width, height, channels: kind.channels, bitDepth: kind.bitDepth, hasAlpha: kind.hasAlpha,
                seed: UInt64(index))
            let before = try raster.copy()
            var floats = [Float](repeating: -1, count: width * height * 3)
            raster.readRGB(x: 0, y: 0, width: width, height: height, into: &floats)
            raster.writeRows(0, count: height, from: floats)
            #expect(raster.equals(before), "seed \(index), \(width)×\(height)")
        }
    }

    /// Every value there is, in and out, against the definition.
    @Test(arguments: [8, 16]) func everyValue_IsItsQuotient(_ depth: Int) throws {
        let top = (1 << depth) - 1
        let raster = try Raster(width: top + 1, height: 1, channels: 1, bitDepth: depth)
        for x in 0...top { raster.set(x, x: x, y: 0, channel: 0) }
        var floats = [Float](repeating: 0, count: 3 * (top + 1))
        raster.readRGB(x: 0, y: 0, width: top + 1, height: 1, into: &floats)
        for x in 0...top { #expect(floats[3 * x] == Float(x) / Float(top) && floats[3 * x + 2] == floats[3 * x]) }
        raster.writeRows(0, count: 1, from: floats)
        #expect(raster.samples(0) == Array(0...top))
    }

    @Test(arguments: Kind.all) func write_ClampsAndRoundsHalfToEven(_ kind: Kind) throws {
        let top = Float((1 << kind.bitDepth) - 1)
        var random = SplitMix64(seed: 7)
        let special: [Float] = [
            -1, -0.0, 0, 1, 2, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 0.5 / top, 1.5 / top, 2.5 / top,
            0.5, Float(1).nextDown,
        ]
        let values = special + (0..<2000).map { _ in Float.random(in: -0.1...1.1, using: &random) }
        let raster = try Raster(
            width: values.count, height: 1, channels: kind.channels, bitDepth: kind.bitDepth, hasAlpha: kind.hasAlpha)
        if kind.hasAlpha { for x in 0..<values.count { raster.setAlpha(1, x: x, y: 0) } }
        raster.writeRows(0, count: 1, from: values.flatMap { [$0, $0, $0] })
        let expected = values.map { value in
            value.isNaN ? 0 : Int((min(max(value, 0), 1) * top).rounded(.toNearestOrEven))
        }
        let row = raster.samples(0)
        for (x, value) in values.enumerated() {
            for c in 0..<kind.channels where row[x * kind.channels + c] != expected[x] {
                Issue.record("\(value) became \(row[x * kind.channels + c]), not \(expected[x])")
            }
        }
    }

    @Test func gray_TakesTheMean() throws {
        let raster = try Raster(width: 1, height: 1, channels: 1, bitDepth: 8)
        raster.writeRows(0, count: 1, from: [0.1, 0.2, 0.6])
        #expect(raster.samples(0) == [Int((Float(0.9) / 3 * 255).rounded())])
    }

    @Test(arguments: Kind.all.filter(\.hasAlpha)) func transparentPixels_KeepTheirColour(_ kind: Kind) throws {
        let raster = try Raster.noise(
            19, 3, channels: kind.channels, bitDepth: kind.bitDepth, hasAlpha: true, seed: 3)
        let before = try raster.copy()
        raster.writeRows(0, count: 3, from: [Float](repeating: 0.5, count: 19 * 3 * 3))
        let middle = kind.bitDepth == 8 ? 128 : 32768
        for y in 0..<3 {
            let alphas = try #require(before.alphas(y))
            #expect(raster.alphas(y) == alphas)
            let expected = before.samples(y).enumerated().map { alphas[$0 / kind.channels] == 0 ? $1 : middle }
            #expect(raster.samples(y) == expected)
        }
    }

    /// Rectangles with a stride touch what they should and nothing else.
    @Test(arguments: Kind.all) func rectangle_IsReadAndWritten(_ kind: Kind) throws {
        let raster = try Raster.noise(
            11, 9, channels: kind.channels, bitDepth: kind.bitDepth, hasAlpha: kind.hasAlpha, seed: 5)
        let before = try raster.copy()
        var whole = [Float](repeating: 0, count: 11 * 9 * 3)
        raster.readRGB(x: 0, y: 0, width: 11, height: 9, into: &whole)
        let (x, y, width, height, stride) = (3, 2, 5, 4, 20)
        var part = [Float](repeating: -1, count: height * stride)
        raster.readRGB(x: x, y: y, width: width, height: height, into: &part, rowStride: stride)
        for row in 0..<height {
            let start = ((y + row) * 11 + x) * 3
            #expect(part[row * stride..<row * stride + 15] == whole[start..<start + 15])
            #expect(part[row * stride + 15..<(row + 1) * stride].allSatisfy { $0 == -1 })
        }
        raster.writeRGB(
            x: x, y: y, width: width, height: height, from: part.map { $0 < 0.5 ? 1 : 0 }, rowStride: stride)
        for row in 0..<9 {
            let (old, new, alphas) = (before.samples(row), raster.samples(row), before.alphas(row))
            for index in old.indices {
                let column = index / kind.channels
                let inside = (x..<x + width).contains(column) && (y..<y + height).contains(row) && alphas?[column] != 0
                if inside {
                    #expect([0, (1 << kind.bitDepth) - 1].contains(new[index]))
                } else {
                    #expect(new[index] == old[index])
                }
            }
        }
    }
}
