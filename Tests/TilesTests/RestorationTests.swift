import Network
import TestSupport
import Testing
import Tiles

@Suite struct RestorationTests {
    private let identity = RuleNetwork()
    private static let blends = BlendStyle.allCases

    @Test func identityReturnsEveryBitOfAnySize() throws {
        let rig = Rig(identity, tile: .published)
        var random = SeededRandom(seed: 20_24)
        var sizes = (1...64).flatMap { side in [1, 7, 16, 33, 64].map { (side, $0) } }
        sizes += (1...64).map { (384, $0) } + [(1, 800), (800, 1), (800, 800), (740, 600), (383, 385), (417, 769)]
        sizes += (0..<30).map { _ in (random.integer(1...800), random.integer(1...800)) }
        for (width, height) in sizes {
            let image = FloatImage(width: width, height: height, seed: random.next())
            let blend = Self.blends.randomElement(using: &random)!
            let result = try rig.restore(image, RestorationOptions(exit: .fixed(1), blend: blend))
            #expect(result.isIdentical(to: image), "\(width)×\(height), \(blend)")
        }
    }

    /// Small tiles: many rows and columns, so that the band moves often.
    @Test func identityWithManyTiles() throws {
        let rig = Rig(identity, threads: 3)
        var random = SeededRandom(seed: 7)
        for _ in 0..<60 {
            let (width, height) = (random.integer(1...300), random.integer(1...300))
            let image = FloatImage(width: width, height: height, seed: random.next())
            let untouched = image.copy
            _ = try rig.scheduler.restore(source: image, sink: image, options: .init(exit: .table([0])))
            #expect(image.isIdentical(to: untouched), "\(width)×\(height), left as it came")
            _ = try rig.scheduler.restore(source: image, sink: image, options: .init(exit: .fixed(2)))
            #expect(image.isIdentical(to: untouched), "\(width)×\(height)")
        }
    }

    /// Against a plain double-precision sum over whole images: every tile's residual, wherever it lands.
    @Test(arguments: BlendStyle.allCases)
    func blendsWhatThePlainSumBlends(_ blend: BlendStyle) throws {
        // Differs by place in the tile, so that a shifted, swapped or doubly added tile shows.
        let rule: RuleNetwork.Rule = { depth, y, x, channel, input in
            0.3 * input - 0.002 * Float(y) + 0.001 * Float(x * (channel + 1)) + 0.01 * Float(depth)
        }
        let rig = Rig(RuleNetwork(rule: rule), threads: 2)
        var random = SeededRandom(seed: 99)
        // Sides with a mirrored edge, with two, three and more tiles, and with three tiles over one pixel (83, 100).
        for (width, height) in [(1, 1), (13, 40), (48, 49), (83, 100), (100, 83), (113, 177), (240, 81), (20, 200)] {
            let image = FloatImage(width: width, height: height, seed: random.next())
            let strength: Float = width % 2 == 0 ? 1 : 0.25
            let options = RestorationOptions(exit: .fixed(3), blend: blend, strength: strength, tileGuard: nil)
            let result = try rig.restore(image, options)
            let expected = try plainSum(image, blend, strength) { rule(3, $0, $1, $2, $3) }
            let worst = maxAbsoluteDifference(result.values, expected.map { Float($0) })
            #expect(worst <= 2e-6, "\(width)×\(height): \(worst)")
        }
    }

    private func plainSum(
        _ image: FloatImage, _ blend: BlendStyle, _ strength: Float,
        _ residual: (_ y: Int, _ x: Int, _ channel: Int, _ input: Float) -> Float
    ) throws -> [Double] {
        let grid = try TileGrid(width: image.width, height: image.height, tile: Rig.smallTile)
        let rows = BlendWeights(axis: grid.rows, style: blend).values
        let columns = BlendWeights(axis: grid.columns, style: blend).values
        var sum = image.values.map { Double($0) }
        for (row, top) in grid.rows.starts.enumerated() {
            for (column, left) in grid.columns.starts.enumerated() {
                for y in 0..<grid.tileHeight where top + y < image.height {
                    for x in 0..<grid.tileWidth where left + x < image.width {
                        for channel in 0..<3 {
                            let value = residual(y, x, channel, image[top + y, left + x, channel])
                            let weight = Double(rows[row][y]) * Double(columns[column][x])
                            sum[((top + y) * image.width + left + x) * 3 + channel] +=
                                Double(strength) * Double(value) * weight
                        }
                    }
                }
            }
        }
        return sum
    }

    /// The network sees the picture mirrored at its right and lower edge, folded where it is tiny.
    @Test func smallImagesAreMirrored() throws {
        let image = FloatImage(width: 5, height: 2, seed: 3)
        let untouched = image.copy
        let grid = try TileGrid(width: 5, height: 2, tile: .published)
        let rule: RuleNetwork.Rule = { _, y, x, channel, input in
            input == untouched[grid.rows.source(of: y), grid.columns.source(of: x), channel] ? 0 : .nan
        }
        let rig = Rig(RuleNetwork(rule: rule), tile: .published)
        let report = try rig.scheduler.restore(source: image, sink: image, options: .init(exit: .fixed(1)))
        #expect(report.anomalies == 0)
        #expect(report.tiles[0].rectangle == TileRectangle(x: 0, y: 0, width: 5, height: 2))
    }

    @Test func strengthZeroReturnsTheInput() throws {
        let rig = Rig(RuleNetwork(rule: { _, _, _, _, input in 1 - input }))
        let image = FloatImage(width: 130, height: 70, seed: 5)
        #expect(try rig.restore(image, .init(exit: .fixed(1), strength: 0, tileGuard: nil)).isIdentical(to: image))
    }

    // MARK: Seams

    /// A network that answers a smooth function of its input leaves no trace of the tiles in flat pictures and ramps.
    @Test(arguments: [TileSize.published, Rig.smallTile])
    func noSeams(_ tile: TileSize) throws {
        @Sendable func smooth(_ input: Float, _ channel: Int) -> Float {
            let square: Float = 0.2 * input * input
            return square - 0.1 + 0.03 * Float(channel)
        }
        let rig = Rig(RuleNetwork(rule: { _, _, _, channel, input in smooth(input, channel) }), tile: tile)
        let (width, height) = (2 * tile.side - 28, tile.side + tile.side / 2)
        func restored(_ value: @escaping (Int, Int, Int) -> Float) throws -> FloatImage {
            try rig.restore(FloatImage(width: width, height: height, value), .init(exit: .fixed(1)))
        }
        for level: Float in [0, 0.5, 33.0 / 255, 1] {
            let flat = try restored { _, _, _ in level }
            for channel in 0..<3 {
                let expected = level + smooth(level, channel)
                let values = (0..<width * height).map { flat.pixels[$0 * 3 + channel] }
                #expect(values.allSatisfy { abs($0 - expected) <= 2e-7 * 2 }, "flat \(level), channel \(channel)")
            }
        }
        let ramp = try restored { _, x, _ in Float(x) / Float(width) }
        let grid = try TileGrid(width: width, height: height, tile: tile)
        let borders = Set(grid.columns.starts.flatMap { [$0, $0 + grid.tileWidth] })
        let steps = (1..<width).map { x in (x, abs(ramp[height / 2, x, 1] - ramp[height / 2, x - 1, 1])) }
        let atBorders = steps.filter { borders.contains($0.0) }.map(\.1).max()!
        let inside = steps.filter { !borders.contains($0.0) }.map(\.1).max()!
        #expect(atBorders <= inside + 1e-6)
    }

    // MARK: Options

    @Test func refusesWrongOptions() throws {
        let rig = Rig(identity)
        let image = FloatImage(width: 3, height: 3)
        for options in [
            RestorationOptions(exit: .fixed(0)), RestorationOptions(exit: .fixed(5)),
            RestorationOptions(exit: .table([])), RestorationOptions(exit: .table([5])),
            RestorationOptions(exit: .fixed(1), strength: 1.01),
            RestorationOptions(exit: .fixed(1), strength: .nan),
        ] {
            #expect(throws: TilesError.self) {
                _ = try rig.scheduler.restore(source: image, sink: image, options: options)
            }
        }
        #expect(throws: TilesError.badOption(name: "sink", value: "none", expected: "one, except for a dry run")) {
            _ = try rig.scheduler.restore(source: image, sink: nil, options: .init(exit: .fixed(1)))
        }
    }
}
