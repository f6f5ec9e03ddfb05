import Foundation
import Kernels
import Network
import TestSupport
import Testing
import Tiles

/// Every allocation of the kernels and arenas fails in turn while a tile is in work, as SQLite's tests do it. In
/// processes of their own, since other tests need memory.
@Suite struct AllocationFailureTests {
    private struct Fault: Error { let text: String }

    private static func require(_ holds: Bool, _ text: @autoclosure () -> String) throws {
        if !holds { throw Fault(text: text()) }
    }

    private static func network(kernels: KernelSet, encoder: Architecture.Encoder) throws -> AdaRevD {
        try AdaRevD(
            random: Architecture(
                encoder: encoder, width: 8, encoderBlocks: [1, 1, 1, 1], subDecoders: 2,
                exitHead: .classifier(input: .e3, classes: 6)),
            kernels: kernels)
    }

    /// A scheduler for two tiles; what came of it, and whether everything was given back.
    private static func restore(_ network: AdaRevD, threads: Int) throws -> Result<[Float], any Error> {
        let scheduler = TileScheduler(
            network: network, configuration: .init(threads: threads, tile: try TileSize(side: 48, overlap: 16)))
        let image = FloatImage(width: 80, height: 48, seed: 3)
        let result = FloatImage(width: 80, height: 48)
        defer { scheduler.stop() }
        return Result {
            _ = try scheduler.restore(source: image, sink: result, options: RestorationOptions(exit: .fixed(2)))
            return Array(result.pixels)
        }
    }

    /// Scratch goes with its thread, soon after the scheduler has stopped.
    private static func waitForNothingLeft() throws {
        let end = ContinuousClock.now + .seconds(Patience.seconds(10))
        while KernelAllocations.live > 0, ContinuousClock.now < end { usleep(200) }
        try require(KernelAllocations.live == 0, "\(KernelAllocations.live) allocations are left")
    }

    private static func failEachInTurn(_ kernels: String, _ encoder: Architecture.Encoder) throws {
        guard let set = KernelSet.named(kernels) else { throw Fault(text: "no kernels \(kernels)") }
        let network = try network(kernels: set, encoder: encoder)
        let whole = try restore(network, threads: 2).get()
        try waitForNothingLeft()
        var refusals = 0
        for nth in 1... {
            KernelAllocations.fail(nth: nth)
            let outcome = try restore(network, threads: 2)
            let hasFailed = KernelAllocations.haveFailed
            KernelAllocations.fail(nth: 0)
            try waitForNothingLeft()
            switch outcome {
            // Scratch is asked for again.
            case .success(let pixels): try require(pixels == whole, "other bytes after allocation \(nth) failed")
            case .failure(let error):
                guard case TilesError.noMemory = error else { throw error }
                try require(hasFailed, "no memory, although no allocation failed")
                refusals += 1
            }
            guard hasFailed else { break }
        }
        // The arena and four transforms, at the least.
        try require(refusals >= 5, "\(refusals) refusals")
    }

    /// With all that follow: nothing of a workspace is there, and the same run can be used later.
    private static func failFromEachOn(_ kernels: String) throws {
        guard let set = KernelSet.named(kernels) else { throw Fault(text: "no kernels \(kernels)") }
        let network = try network(kernels: set, encoder: .nafnet)
        let team = ThreadTeam(threads: 1)
        defer { team.stop() }
        let run = network.makeRun(team: team)
        for nth in 1... {
            KernelAllocations.fail(nth: nth, andAllBehind: true)
            let isReady = run.prepare(height: 48, width: 48)
            let hasFailed = KernelAllocations.haveFailed
            KernelAllocations.fail(nth: 0)
            try require(isReady != hasFailed, "ready \(isReady), although allocation \(nth) failed: \(hasFailed)")
            if isReady { break }
        }
        try require(run.prepare(height: 64, width: 48), "another size")
    }

    @Test(.timeLimit(.minutes(5 * Int(Patience.factor)))) func eachInTurn() async {
        await #expect(processExitsWith: .success) {
            for kernels in KernelSet.all.map(\.name) { try Self.failEachInTurn(kernels, .nafnet) }
            try Self.failEachInTurn(KernelSet.best.name, .ufpnet)
        }
    }

    @Test(.timeLimit(.minutes(5 * Int(Patience.factor)))) func fromEachOn() async {
        await #expect(processExitsWith: .success) {
            for kernels in KernelSet.all.map(\.name) { try Self.failFromEachOn(kernels) }
        }
    }
}
