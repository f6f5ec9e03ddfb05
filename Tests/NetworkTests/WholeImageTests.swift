import Foundation
import Kernels
import Network
import TestSupport
import Testing

/// Encoding whole images with local pooling. Known answers for whole pictures are in TilesTests.
struct WholeImageTests {
    static let architecture = Architecture(
        encoder: .nafnet, width: 4, encoderBlocks: [1, 2, 1, 2], subDecoders: 1,
        exitHead: .classifier(input: .e3, classes: 6))

    struct Unreadable: Error, Equatable { var row: Int }

    /// Encodes to the end; checks what is read and that the share rises.
    static func encode(
        _ network: AdaRevD, _ picture: Picture, tileSide: Int, team: ThreadTeam
    ) throws -> any ImageEncoding {
        let encoding = try #require(
            network.makeImageEncoding(height: picture.height, width: picture.width, tileSide: tileSide, team: team))
        var share = 0.0, read = Set<Int>()
        while share < 1 {
            let next = try encoding.advance { y, row in
                read.insert(y)
                picture.pixels.withUnsafeBufferPointer {
                    row.update(from: $0.baseAddress! + y * picture.width * 3, count: picture.width * 3)
                }
            }
            #expect(next > share && next <= 1)
            share = next
        }
        #expect(read == Set(0..<picture.height))
        return encoding
    }

    /// f0…f4 of a part of the image.
    static func features(
        _ network: AdaRevD, of encoding: any ImageEncoding, row: Int = 0, column: Int = 0, height: Int, width: Int,
        team: ThreadTeam
    ) -> [[Float]] {
        let steps = AdaRevDSteps(network, team: team)
        let tile = TileInput(.features(encoding, row: row, column: column), height: height, width: width)
        _ = steps.encode(tile, classify: false)
        return (0...4).map { steps.features(atScale: $0) }
    }

    /// Noise that grows to the right and further down: what a window sees depends on where it lies.
    static func picture(_ height: Int, _ width: Int, seed: UInt64) -> Picture {
        var random = SeededRandom(seed: seed)
        var pixels = random.floats(height * width * 3, 0, 1)
        for index in pixels.indices {
            let (y, x) = (index / 3).quotientAndRemainder(dividingBy: width)
            pixels[index] *= Float(y * width + x * height) / Float(2 * height * width)
        }
        return Picture(height: height, width: width, pixels: pixels)
    }

    static func plain(_ network: AdaRevD, _ picture: Picture, team: ThreadTeam) -> [[Float]] {
        let steps = AdaRevDSteps(network, team: team)
        steps.encode(picture)
        return (0...4).map { steps.features(atScale: $0) }
    }

    static func expectEqual(_ a: [[Float]], _ b: [[Float]], _ what: String) {
        for scale in 0...4 {
            let error = maxAbsoluteDifference(a[scale], b[scale]) / standardDeviation(b[scale])
            #expect(error <= 1e-5, "\(what), scale \(scale): \(error)")
        }
    }

    /// Rows run in bands, through a ring, ahead of the second half by half a window: with attention that does not look at
    /// what was pooled, none of that may show, whatever the window.
    @Test func bandsLeaveNoTrace() throws {
        let network = try AdaRevD(random: Self.architecture, seed: 81) { name, value in
            name.hasSuffix("sca.1.weight") ? 0 : value
        }
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        for (height, width, tileSide) in [
            (16, 48, 16), (48, 16, 16), (80, 64, 16), (272, 32, 32), (208, 48, 64), (32, 272, 64), (320, 16, 112),
        ] {
            let picture = Self.picture(height, width, seed: UInt64(height))
            let encoding = try Self.encode(network, picture, tileSide: tileSide, team: team)
            Self.expectEqual(
                Self.features(network, of: encoding, height: height, width: width, team: team),
                Self.plain(network, picture, team: team), "\(height)×\(width), tiles of \(tileSide)")
        }
    }

    /// Attention that tells much.
    static func attentive() throws -> AdaRevD {
        try AdaRevD(random: architecture, seed: 82) { name, value in
            name.hasSuffix("sca.1.weight") || name.hasSuffix("beta") ? 8 * value : value
        }
    }

    /// Windows as large as the image pool all of it. From 192 rows on the tile's first half keeps conv1's rows in rings.
    @Test func wideWindowsPoolTheWholeImage() throws {
        let network = try Self.attentive()
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        for (height, width, tileSide) in [
            (112, 80, 112), (48, 160, 384), (16, 16, 16), (192, 48, 384), (208, 32, 384), (368, 16, 384),
        ] {
            let picture = Self.picture(height, width, seed: UInt64(width))
            let encoding = try Self.encode(network, picture, tileSide: tileSide, team: team)
            Self.expectEqual(
                Self.features(network, of: encoding, height: height, width: width, team: team),
                Self.plain(network, picture, team: team), "\(height)×\(width)")
        }
    }

    /// Smaller ones don't, so the test above can fail.
    @Test func smallWindowsPoolLocally() throws {
        let network = try Self.attentive()
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        let picture = Self.picture(112, 80, seed: 80)
        let encoding = try Self.encode(network, picture, tileSide: 96, team: team)
        let local = Self.features(network, of: encoding, height: 112, width: 80, team: team)
        let global = Self.plain(network, picture, team: team)
        #expect(maxAbsoluteDifference(local[3], global[3]) / standardDeviation(global[3]) > 1e-3)
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func sameBytesForAnyNumberOfThreads(kernels name: String) throws {
        let network = try AdaRevD(
            random: Self.architecture, seed: 83, kernels: try #require(KernelSet.named(name)))
        let picture = Self.picture(144, 208, seed: 83)
        var results: [[[Float]]] = []
        for threads in [1, 2, 5] {
            let team = ThreadTeam(threads: threads)
            let encoding = try Self.encode(network, picture, tileSide: 64, team: team)
            results.append(Self.features(network, of: encoding, height: 144, width: 208, team: team))
            team.stop()
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    /// A tile's features are those of the image at its place.
    @Test func tilesAreCutWhereTheyStand() throws {
        let network = try AdaRevD(random: Self.architecture, seed: 84)
        let team = ThreadTeam(threads: 1)
        let picture = Self.picture(96, 112, seed: 84)
        let encoding = try Self.encode(network, picture, tileSide: 64, team: team)
        let whole = Self.features(network, of: encoding, height: 96, width: 112, team: team)
        for (row, column, height, width) in [(0, 0, 64, 64), (32, 48, 64, 64), (16, 96, 80, 16)] {
            let part = Self.features(
                network, of: encoding, row: row, column: column, height: height, width: width, team: team)
            for scale in 0...4 {
                let c = Self.architecture.channels(atScale: scale), stride = (112 >> scale) * c
                var wanted: [Float] = []
                for y in (row >> scale)..<(row + height) >> scale {
                    let start = y * stride + (column >> scale) * c, count = (width >> scale) * c
                    wanted += whole[scale][start..<start + count]
                }
                #expect(part[scale] == wanted, "scale \(scale) at \(row), \(column)")
            }
        }
    }

    /// What admission is told is what is taken, and the documented bound holds.
    @Test func memoryIsAsAnnounced() throws {
        let w = Double(Self.architecture.width)
        let network = try AdaRevD(random: Self.architecture, seed: 85)
        let team = ThreadTeam(threads: 1)
        for (height, width, side) in [(144, 208, 64), (720, 1280, 384), (400, 48, 384), (4000, 6000, 384)] {
            let bytes = try #require(network.imageEncodingBytes(height: height, width: width, tileSide: side))
            let rows = Double(min(height, side) + 102)
            let bound = 7.75 * w * Double(height * width) + (4 * w * rows + 408) * Double(width)
            // Parts of an arena begin at odd lines of the cache: a kibibyte each.
            #expect(abs(Double(bytes) - bound) <= 11 * 1200, "\(height)×\(width): \(bytes), \(bound)")
        }
        let encoding = try #require(
            network.makeImageEncoding(height: 144, width: 208, tileSide: 64, team: team) as? WholeImageEncoding)
        #expect(encoding.capacityBytes == network.imageEncodingBytes(height: 144, width: 208, tileSide: 64))
        while try encoding.advance(reading: { _, row in row.update(repeating: 0.5, count: 208 * 3) }) < 1 {}
        #expect(Double(encoding.capacityBytes) <= 7.75 * w * 144 * 208 + 6 * 1200, "the rest is given back")
    }

    /// More than any machine has: refused, without harm.
    @Test func tooLargeAnImageIsRefused() throws {
        let network = try AdaRevD(random: Self.architecture, seed: 86)
        let side = 1 << 25
        #expect(network.makeImageEncoding(height: side, width: side, tileSide: 384, team: ThreadTeam(threads: 1)) == nil)
    }

    @Test func anUnreadableRowEndsIt() throws {
        let network = try AdaRevD(random: Self.architecture, seed: 87)
        let encoding = try #require(
            network.makeImageEncoding(height: 80, width: 48, tileSide: 32, team: ThreadTeam(threads: 1)))
        #expect(throws: Unreadable(row: 40)) {
            while try encoding.advance(reading: { y, _ in if y == 40 { throw Unreadable(row: y) } }) < 1 {}
        }
    }
}
