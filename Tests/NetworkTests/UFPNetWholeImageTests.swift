import Kernels
import Network
import TestSupport
import Testing

/// UFPNet's encoder on whole images. A known answer of PyTorch's is in TilesTests.
struct UFPNetWholeImageTests {
    private static func network(
        _ blocks: [Int] = [1, 1, 1, 1], seed: UInt64, noise: UInt64? = nil, kernels: KernelSet = .best,
        blind: Bool = false
    ) throws -> AdaRevD {
        let architecture = Architecture(
            encoder: .ufpnet, width: 4, encoderBlocks: blocks, subDecoders: 1, exitHead: .none)
        return try AdaRevD(random: architecture, seed: seed, kernelNoise: noise, kernels: kernels) { name, value in
            blind && name.hasSuffix("sca.1.weight") ? 0 : value
        }
    }

    private static func features(
        _ network: AdaRevD, _ picture: Picture, tileSide: Int, threads: Int = 2
    ) throws -> [[Float]] {
        let team = ThreadTeam(threads: threads)
        defer { team.stop() }
        let encoding = try WholeImageTests.encode(network, picture, tileSide: tileSide, team: team)
        return WholeImageTests.features(
            network, of: encoding, height: picture.height, width: picture.width, team: team)
    }

    /// The estimator sees strips, κ comes in bands, and attention slides: with pooling that tells nothing, all that must
    /// give what one large tile gives. 784 and 800 rows are three strips.
    @Test(arguments: [
        (16, 48, 16), (80, 64, 16), (272, 32, 32), (48, 112, 64), (784, 16, 48), (800, 32, 384), (16, 1040, 64),
    ])
    func stripsLeaveNoTrace(height: Int, width: Int, tileSide: Int) throws {
        let network = try Self.network(seed: 91, blind: true)
        let picture = WholeImageTests.picture(height, width, seed: UInt64(height + width))
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        let encoding = try WholeImageTests.encode(network, picture, tileSide: tileSide, team: team)
        WholeImageTests.expectEqual(
            WholeImageTests.features(network, of: encoding, height: height, width: width, team: team),
            WholeImageTests.plain(network, picture, team: team), "\(height)×\(width), tiles of \(tileSide)")
    }

    /// Where a scale has several blocks they are plain ones, and κ passes it by.
    @Test(arguments: [[2, 1, 1, 1], [1, 2, 1, 1], [1, 1, 2, 1], [2, 2, 2, 1]])
    func scalesWithoutKernelBlock(blocks: [Int]) throws {
        let network = try Self.network(blocks, seed: 92, blind: true)
        let picture = WholeImageTests.picture(96, 48, seed: 92)
        let team = ThreadTeam(threads: 1)
        let encoding = try WholeImageTests.encode(network, picture, tileSide: 32, team: team)
        WholeImageTests.expectEqual(
            WholeImageTests.features(network, of: encoding, height: 96, width: 48, team: team),
            WholeImageTests.plain(network, picture, team: team), "blocks \(blocks)")
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func sameBytesForAnyNumberOfThreads(kernels name: String) throws {
        let network = try Self.network(seed: 93, noise: 5, kernels: try #require(KernelSet.named(name)))
        let picture = WholeImageTests.picture(144, 80, seed: 93)
        let results = try [1, 2, 5].map { try Self.features(network, picture, tileSide: 64, threads: $0) }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    /// Noise is repeatable and makes a difference.
    @Test func noiseFollowsItsSeed() throws {
        let picture = WholeImageTests.picture(80, 96, seed: 94)
        let results = try [nil, 1, 1, 2].map { seed in
            try Self.features(Self.network(seed: 94, noise: seed), picture, tileSide: 64)
        }
        #expect(results[1] == results[2] && results[1] != results[0] && results[1] != results[3])
    }

    /// The documented bound is what is reserved, and κ is given back.
    @Test func memoryIsAsAnnounced() throws {
        let w = 4.0, network = try Self.network(seed: 95), team = ThreadTeam(threads: 1)
        for (height, width, side) in [(144, 208, 64), (720, 1280, 384), (400, 48, 384), (4000, 6000, 384)] {
            let bytes = try #require(network.imageEncodingBytes(height: height, width: width, tileSide: side))
            let pixels = Double(height * width), columns = Double(width)
            let seen = Double(min(height, 504))
            let blocks = 4 * w * (Double(min(height, side)) + 309) + 408
            // At most 36 rows of κ, fewer where they are long.
            let estimator = 780 * seen + 36 * 1444
            let bound = (8 * w + 452) * pixels + max(blocks, estimator) * columns
            // Zero pixels at the ends of κ's rows and above and below them; a kibibyte per part.
            let borders = 1444 * (1.5 * (columns + Double(height)) + 80) + 20 * 1200
            #expect(Double(bytes) <= bound + borders, "\(height)×\(width): \(bytes), \(bound)")
            #expect(Double(bytes) > 0.8 * bound, "\(height)×\(width): \(bytes), \(bound)")
        }
        let encoding = try #require(
            network.makeImageEncoding(height: 144, width: 208, tileSide: 64, team: team) as? WholeImageEncoding)
        #expect(encoding.capacityBytes == network.imageEncodingBytes(height: 144, width: 208, tileSide: 64))
        while try encoding.advance(reading: { _, row in row.update(repeating: 0.5, count: 208 * 3) }) < 1 {}
        #expect(Double(encoding.capacityBytes) <= 8 * w * 144 * 208 + 7 * 1200, "the rest is given back")
    }
}
