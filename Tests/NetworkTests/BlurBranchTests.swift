import Checkpoints
import Foundation
import Kernels
import Network
import TestSupport
import Testing

/// What the golden tiles do not show of the kernel branch: bands, threads, noise, masks of other forms, refusals.
struct BlurBranchTests {
    static let architecture = Architecture(
        encoder: .ufpnet, width: 4, encoderBlocks: [1, 1, 1, 1], subDecoders: 1, exitHead: .none)

    static func pixels(seed: UInt64, height: Int, width: Int) -> [Float] {
        var random = SeededRandom(seed: seed)
        return random.floats(height * width * 3, 0, 1)
    }

    /// e0 of a tile: all of the kernel branch shows in it.
    static func features(
        _ steps: AdaRevDSteps, _ pixels: [Float], height: Int, width: Int, tile: Int = 0
    ) -> [Float] {
        steps.encode(Picture(height: height, width: width, pixels: pixels), index: tile)
        return (0...2).flatMap { steps.features(atScale: $0) }
    }

    /// Three bands and a part of one, and a row of 400 pixels that the tail cuts in two.
    @Test(arguments: KernelSet.all.map(\.name))
    func sameBytesForAnyNumberOfThreads(kernels name: String) throws {
        let network = try AdaRevD(random: Self.architecture, kernelNoise: 5, kernels: try #require(KernelSet.named(name)))
        let pixels = Self.pixels(seed: 71, height: 112, width: 400)
        var results: [[Float]] = []
        for threads in [1, 3] {
            let team = ThreadTeam(threads: threads)
            results.append(
                Self.features(AdaRevDSteps(network, team: team), pixels, height: 112, width: 400))
            team.stop()
        }
        #expect(results[0] == results[1])
        #expect(standardDeviation(results[0]) > 0)
    }

    /// κ of a band's rows depends on nothing but the image around them: far enough below another picture the kernels are
    /// the same, wherever the bands begin; and a smaller tile between two equal ones leaves no trace.
    @Test func bandsAndTilesLeaveNoTrace() throws {
        let network = try AdaRevD(random: Self.architecture)
        let team = ThreadTeam(threads: 1), steps = AdaRevDSteps(network, team: team)
        defer { team.stop() }
        let width = 32, tall = Self.pixels(seed: 72, height: 256, width: width)
        func kernels(_ pixels: [Float], _ height: Int) -> [Float] {
            steps.encode(Picture(height: height, width: width, pixels: pixels))
            return steps.blur(atScale: 1)
        }
        let whole = kernels(tall, 256)
        // The lower 208 rows: bands of 32 now begin 16 rows elsewhere. 100 rows are more than the estimator sees.
        let lower = kernels(Array(tall[48 * width * 3..<256 * width * 3]), 208)
        let row = width / 2 * 361
        for y in 50..<104 {
            let error = maxAbsoluteDifference(whole[(y + 24) * row..<(y + 25) * row], lower[y * row..<(y + 1) * row])
            #expect(error == 0, "row \(y): \(error)")
        }
        #expect(kernels(tall, 256) == whole)
    }

    @Test func noiseDependsOnSeedAndTile() throws {
        let team = ThreadTeam(threads: 1)
        defer { team.stop() }
        let pixels = Self.pixels(seed: 73, height: 32, width: 48)
        func features(_ seed: UInt64?, tile: Int) throws -> [Float] {
            let network = try AdaRevD(random: Self.architecture, kernelNoise: seed)
            return Self.features(
                AdaRevDSteps(network, team: team), pixels, height: 32, width: 48, tile: tile)
        }
        let plain = try features(nil, tile: 0)
        #expect(try features(nil, tile: 1) == plain)
        let first = try features(1, tile: 0)
        #expect(try features(1, tile: 0) == first)
        #expect(first != plain)
        #expect(try features(1, tile: 1) != first)
        #expect(try features(2, tile: 0) != first)
        #expect(throws: ModelError.self) {
            var other = Self.architecture
            other.encoder = .nafnet
            _ = try AdaRevD(random: other, kernelNoise: 1)
        }
    }

    /// The code that serves alternating masks and the one for all others are held against the plain formula of
    /// specification 5.3 and 5.4, in double precision.
    @Test(arguments: ["alternating", "halves", "unrelated", "fractions"])
    func flowWithMasksOf(form: String) throws {
        let url = try ReferenceCase(fixture: "ufpnet_tile").file("parameters.json")
        var random = SeededRandom(seed: 74)
        let archive = try RecipeParameters.archive(contentsOf: url) { recipe in
            guard recipe.name.hasSuffix(".mask") else { return recipe.values }
            switch form {
            case "halves": return recipe.values[0] == 0 ? (0..<361).map { $0 < 100 ? 0 : 1 } : (0..<361).map { $0 < 100 ? 1 : 0 }
            case "unrelated": return (0..<361).map { _ in Float(random.integer(0...1)) }
            case "fractions": return random.floats(361, 0, 1)
            default: return recipe.values
            }
        }
        let network = try AdaRevD(archive: archive, configuration: ModelConfiguration(name: form))
        let picture = Picture(height: 16, width: 16, pixels: Self.pixels(seed: 75, height: 16, width: 16))
        let record = BlurRecord(pixels: 256, order: network.blurOrder)
        _ = RecordedTile(network, picture) { record.note($0, first: $1, pixels: $2, $3) }
        let all = record.all
        for pixel in [0, 37, 255] {
            let code = all.code[pixel * 361..<(pixel + 1) * 361].map { Double($0) }
            let kernel = Array(all.kernel[pixel * 361..<(pixel + 1) * 361])
            let wanted = PlainFlow(archive).invert(code).map { Float($0) }
            let error = maxAbsoluteDifference(kernel, wanted)
            #expect(error < 2e-5, "\(form), pixel \(pixel): \(error)")
        }
        #expect(standardDeviation(all.kernel) > 0.01)
    }

    @Test func refusesBuffersThatItCannotUse() throws {
        for (name, value) in [("kernel_size", Float(21)), ("alpha", 0.5), ("net.3.running_var", -1)] {
            #expect(throws: ModelError.self, "\(name)") {
                _ = try UFPNetTests.fixture { recipe in
                    recipe.name == "encoder.flow.\(name)" ? recipe.values.map { _ in value } : recipe.values
                }
            }
        }
        // Unused ones may be missing; used ones may not.
        _ = try UFPNetTests.fixture { $0.name.contains("base_dist") ? nil : $0.values }
        #expect(throws: CheckpointError.self) {
            _ = try UFPNetTests.fixture { $0.name == "encoder.flow.net.2.mask" ? nil : $0.values }
        }
    }

    @Test func secondTileAllocatesNoBuffers() throws {
        let network = try AdaRevD(random: Self.architecture)
        let team = ThreadTeam(threads: 1), steps = AdaRevDSteps(network, team: team)
        defer { team.stop() }
        let pixels = Self.pixels(seed: 76, height: 64, width: 64)
        let first = Self.features(steps, pixels, height: 64, width: 64)
        let features = steps.capacityBytes, scratch = Scratch.capacity
        #expect(network.workspaceBytes(tileSide: 64) == features, "said before there is a workspace")
        #expect(Self.features(steps, pixels, height: 64, width: 64) == first)
        #expect(steps.capacityBytes == features)
        #expect(Scratch.capacity == scratch)
    }

    /// Of a tile of 384 × 384 at width 64 (the arena; the weights are not in it).
    @Test func memoryOfAPublishedTileIsBounded() {
        let bytes = TileCost.bytes(.published(encoder: .ufpnet, subDecoders: 4), side: 384)
        #expect(bytes < 400 << 20, "\(bytes >> 20) MiB")
        #expect(bytes > 300 << 20)
    }
}
