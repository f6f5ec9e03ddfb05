import Foundation
import Kernels
import Network
import TestSupport
import Testing

struct WorkspaceTests {
    static let architecture = Architecture(
        encoder: .nafnet, width: 8, encoderBlocks: [1, 1, 1, 1], subDecoders: 2,
        exitHead: .classifier(input: .e3, classes: 6))

    /// Restored − input of a tile after all sub-decoders.
    static func residual(_ run: TileRun, _ pixels: [Float], side: Int) -> [Float] {
        run.residuals(of: pixels, height: side, width: side).residuals.last ?? []
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func sameBytesForAnyNumberOfThreads(kernels name: String) throws {
        let network = try AdaRevD(random: Self.architecture, kernels: try #require(KernelSet.named(name)))
        var random = SeededRandom(seed: 61)
        // The higher one has maps whose chunks keep their rows in rings.
        for (height, width) in [(96, 96), (208, 48)] {
            let pixels = random.floats(height * width * 3, 0, 1)
            var results: [[Float]] = []
            for threads in [1, 2, 5] {
                let team = ThreadTeam(threads: threads), run = network.makeRun(team: team)
                results.append(run.residuals(of: pixels, height: height, width: width).residuals.last ?? [])
                team.stop()
            }
            #expect(results[0] == results[1] && results[0] == results[2], "\(height)×\(width)")
            #expect(standardDeviation(results[0]) > 0)
        }
    }

    /// A tile leaves no trace in the next one, also when sizes change or a tile was abandoned.
    @Test func tilesOfOneRunDoNotMix() throws {
        let network = try AdaRevD(random: Self.architecture)
        var random = SeededRandom(seed: 62)
        let team = ThreadTeam(threads: 2), run = network.makeRun(team: team)
        defer { team.stop() }
        let small = random.floats(32 * 32 * 3, 0, 1), large = random.floats(80 * 80 * 3, 0, 1)
        let first = Self.residual(run, small, side: 32)
        let other = Self.residual(run, large, side: 80)
        #expect(Self.residual(run, small, side: 32) == first)
        large.withUnsafeBufferPointer { pixels in
            run.begin(TileInput(.pixels(pixels.baseAddress!), height: 80, width: 80), .everyExit(upTo: 2))
            while let step = run.next(), step != .head(1) { run.perform(step) }
        }
        #expect(run.depth == 1)
        #expect(Self.residual(run, small, side: 32) == first)
        #expect(Self.residual(run, large, side: 80) == other)
    }

    /// After the first tile neither the features' memory nor the thread's scratch grows or moves: there is no other
    /// place where a buffer could come from.
    @Test func secondTileAllocatesNoBuffers() throws {
        let network = try AdaRevD(random: Self.architecture)
        var random = SeededRandom(seed: 63)
        // One thread: every chunk runs here, on this thread's scratch.
        let team = ThreadTeam(threads: 1), steps = AdaRevDSteps(network, team: team)
        let run = TileRun(steps, subDecoders: network.subDecoders)
        defer { team.stop() }
        let pixels = random.floats(96 * 96 * 3, 0, 1)
        _ = Self.residual(run, pixels, side: 96)
        let features = steps.capacityBytes, scratch = Scratch.capacity
        #expect(features > 0 && scratch > 0)
        #expect(network.workspaceBytes(tileSide: 96) == features, "said before there is a workspace")
        for _ in 0..<3 { _ = Self.residual(run, pixels, side: 96) }
        #expect(steps.capacityBytes == features)
        #expect(Scratch.capacity == scratch)
    }
}
