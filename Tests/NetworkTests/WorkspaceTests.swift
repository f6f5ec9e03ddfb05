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
    static func residual(_ network: AdaRevD, _ pixels: [Float], side: Int, in workspace: Workspace) -> [Float] {
        _ = network.encode(pixels, height: side, width: side, classify: true, in: workspace)
        for depth in 1...network.subDecoders { network.advance(to: depth, in: workspace) }
        var residual = [Float](repeating: 0, count: pixels.count)
        network.writeResidual(ofExit: network.subDecoders, to: &residual, in: workspace)
        return residual
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func sameBytesForAnyNumberOfThreads(kernels name: String) throws {
        let network = try AdaRevD(random: Self.architecture, kernels: try #require(KernelSet.named(name)))
        var random = SeededRandom(seed: 61)
        let pixels = random.floats(96 * 96 * 3, 0, 1)
        var results: [[Float]] = []
        for threads in [1, 2, 5] {
            let team = ThreadTeam(threads: threads)
            results.append(Self.residual(network, pixels, side: 96, in: network.makeWorkspace(team: team)))
            team.stop()
        }
        #expect(results[0] == results[1] && results[0] == results[2])
        #expect(standardDeviation(results[0]) > 0)
    }

    /// A tile leaves no trace in the next one, also when sizes change or a tile was abandoned.
    @Test func tilesOfOneWorkspaceDoNotMix() throws {
        let network = try AdaRevD(random: Self.architecture)
        var random = SeededRandom(seed: 62)
        let team = ThreadTeam(threads: 2), workspace = network.makeWorkspace(team: team)
        defer { team.stop() }
        let small = random.floats(32 * 32 * 3, 0, 1), large = random.floats(80 * 80 * 3, 0, 1)
        let first = Self.residual(network, small, side: 32, in: workspace)
        let other = Self.residual(network, large, side: 80, in: workspace)
        #expect(Self.residual(network, small, side: 32, in: workspace) == first)
        _ = network.encode(large, height: 80, width: 80, classify: true, in: workspace)
        network.advance(to: 1, in: workspace)
        #expect(Self.residual(network, small, side: 32, in: workspace) == first)
        workspace.discard()
        #expect(Self.residual(network, large, side: 80, in: workspace) == other)
    }

    /// After the first tile neither the features' memory nor the thread's scratch grows or moves: there is no other
    /// place where a buffer could come from.
    @Test func secondTileAllocatesNoBuffers() throws {
        let network = try AdaRevD(random: Self.architecture)
        var random = SeededRandom(seed: 63)
        // One thread: every chunk runs here, on this thread's scratch.
        let team = ThreadTeam(threads: 1), workspace = network.makeWorkspace(team: team)
        defer { team.stop() }
        let pixels = random.floats(96 * 96 * 3, 0, 1)
        _ = Self.residual(network, pixels, side: 96, in: workspace)
        let features = workspace.capacityBytes, scratch = Scratch.capacity
        #expect(features > 0 && scratch > 0)
        #expect(network.workspaceBytes(tileSide: 96) == features, "said before there is a workspace")
        for _ in 0..<3 { _ = Self.residual(network, pixels, side: 96, in: workspace) }
        #expect(workspace.capacityBytes == features)
        #expect(Scratch.capacity == scratch)
    }
}
