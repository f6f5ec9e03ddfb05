import Foundation
import Network
import Synchronization
import TestSupport
import Testing
import Tiles

/// Images that are encoded as a whole before their tiles.
@Suite struct WholeImageTests {
    private static let rule: RuleNetwork.Rule = { depth, y, x, channel, input in 0.1 * input * Float(depth) }
    private let whole = RestorationOptions(exit: .table([4, 3, 2, 2, 1, 0]), mode: .whole, tileGuard: nil)

    private static func network(
        parts: Int = 5, onStep: @escaping @Sendable (RuleNetwork.Step, Float) -> Void = { _, _ in }
    ) -> RuleNetwork {
        RuleNetwork(imageParts: parts, classify: { Int($0 * 6) % 6 }, onStep: onStep, rule: rule)
    }

    /// A rule that looks at each pixel alone gives the same picture however it is cut, if every pixel, mirrored ones
    /// included, is where it belongs. Restored in place.
    @Test func pixelsStandWhereTheyBelong() throws {
        let options = RestorationOptions(exit: .fixed(1), mode: .whole, tileGuard: nil)
        for (width, height) in [(200, 331), (49, 1), (2, 100), (64, 48), (48, 65), (150, 97)] {
            let rig = Rig(Self.network(), threads: 3)
            let image = FloatImage(width: width, height: height, seed: UInt64(width))
            let original = image.copy
            _ = try rig.scheduler.restore(source: image, sink: image, options: options)
            let wanted = original.values.map { $0 * 1.1 }
            #expect(maxAbsoluteDifference(image.values, wanted) <= 1e-6, "\(width)×\(height)")
        }
    }

    @Test func rowsAreReadOnceAndNeverAfterWriting() throws {
        for (width, height) in [(83, 100), (200, 331), (20, 300)] {
            let rig = Rig(Self.network(), threads: 4)
            let image = WatchedImage(width: width, height: height)
            _ = try rig.scheduler.restore(source: image, sink: image, options: whole)
            #expect(image.violations == [] && image.writtenRows == height, "\(width)×\(height)")
        }
    }

    /// Tiles begin when the image is encoded; its busy time counts once.
    @Test func encodingComesFirst() throws {
        let steps = Mutex<[RuleNetwork.Step]>([])
        let network = Self.network(parts: 7) { step, _ in steps.withLock { $0.append(step) } }
        let observer = TallyObserver()
        let rig = Rig(network, threads: 3, observer: observer)
        let image = FloatImage(width: 120, height: 100, seed: 5)
        let report = try rig.scheduler.restore(source: image, sink: image, options: whole)
        #expect(report.grid.mode == .whole && report.grid.count > 4)
        #expect(steps.withLock { Array($0.prefix(7)) } == (0..<7).map { .image($0) })
        let tally = observer.tally
        #expect(tally.stages[.imageEncoder] == 1 && tally.stages[.features] == report.grid.count)
        #expect(tally.stages[.read] == nil && tally.stages[.encoder] == nil)
        #expect(tally.waits.count == 1 && tally.negativeSeconds == 0)
    }

    /// A lone tile is the whole image: nothing but the tile's own encoding.
    @Test func aLoneTileIsEncodedAlone() throws {
        let network = Self.network()
        let rig = Rig(network)
        let image = FloatImage(width: 41, height: 48, seed: 6)
        let tiled = RestorationOptions(exit: .table([4, 3, 2, 2, 1, 0]), tileGuard: nil)
        #expect(try rig.restore(image, whole).isIdentical(to: rig.restore(image, tiled)))
        #expect(network.steps[.image(0)] == nil)
        let grid = try rig.scheduler.grid(width: 41, height: 48, mode: .whole)
        let tiles = try rig.scheduler.grid(width: 41, height: 48)
        #expect(rig.scheduler.workingBytes(for: grid) == rig.scheduler.workingBytes(for: tiles))
    }

    @Test func cancelWhileEncoding() throws {
        for threads in [1, 3] {
            let gate = Gate()
            let network = Self.network { step, _ in if step == .image(2) { gate.pass() } }
            let observer = TallyObserver()
            let rig = Rig(network, threads: threads, observer: observer)
            let ending = Ending()
            let image = WatchedImage(width: 200, height: 200)
            let restoration = try rig.scheduler.enqueue(source: image, sink: image, options: whole) { ending.set($0) }
            #expect(gate.awaitArrivals())
            let status = restoration.status
            #expect(status.state == .running && status.done == 0 && rig.scheduler.busyWorkers == 1)
            #expect(rig.scheduler.checkInvariants() == [])
            restoration.cancel()
            #expect(rig.scheduler.queuedTiles == 0 && ending.count == 0)
            gate.open()
            #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
            #expect(network.steps == [.image(0): 1, .image(1): 1, .image(2): 1])
            #expect(ending.count == 1 && ending.isCancelled && image.writtenRows == 0)
            #expect(observer.tally.cancelled == [.infer: 1])
            #expect(rig.scheduler.checkInvariants() == [])
        }
    }

    /// A turn lasts about as long as a tile takes: others' tiles run between the parts of a large image, on one thread.
    @Test func otherImagesTakeTurnsMeanwhile() throws {
        let gate = Gate()
        let order = Mutex<[String]>([])
        let network = Self.network(parts: 100) { step, first in
            if step == .image(0) { gate.pass() }
            if case .image = step { order.withLock { $0.append("part") } }
            if case .encode = step, first == 0.75 { order.withLock { $0.append("tile") } }
            usleep(2000)
        }
        let scheduler = TileScheduler(
            network: network,
            configuration: .init(threads: 1, tile: Rig.smallTile, queueLimit: 1000, assumedSecondsPerTile: 0.005))
        defer { scheduler.stop() }
        let large = FloatImage(width: 200, height: 200), small = FloatImage(width: 48, height: 144) { _, _, _ in 0.75 }
        try scheduler.enqueue(source: large, sink: large, options: whole) { _ in }
        #expect(gate.awaitArrivals())
        let eta = scheduler.estimatedSeconds(forTiles: 1)
        try scheduler.enqueue(source: small, sink: small, options: .init(exit: .fixed(1))) { _ in }
        gate.open()
        #expect(scheduler.waitUntilIdle(seconds: 30))
        let seen = order.withLock { $0 }
        #expect(seen.count { $0 == "part" } == 100)
        let last = try #require(seen.lastIndex(of: "tile"))
        #expect(last < 90, "the small image ends while the large one is encoded: \(seen)")
        #expect(eta > 0)
    }

    @Test func sameBytesForAnyThreadsAndLoad() throws {
        let image = FloatImage(width: 231, height: 175, seed: 11)
        let expected = try Rig(Self.network(), threads: 1).restore(image, whole)
        for threads in [1, 2, 5] {
            let rig = Rig(Self.network { _, first in usleep(UInt32(first.bitPattern % 7) * 100) }, threads: threads)
            let others = try (0..<5).map { seed in
                try rig.enqueue(FloatImage(width: 60 + 30 * seed, height: 90, seed: UInt64(seed)), whole)
            }
            #expect(try rig.restore(image, whole).isIdentical(to: expected), "\(threads) threads")
            for (index, other) in others.enumerated() where index % 2 == 0 { other.cancel() }
            #expect(try rig.restore(image, whole).isIdentical(to: expected), "\(threads) threads, after cancels")
            #expect(rig.scheduler.checkInvariants() == [])
        }
    }

    /// Random cancels at any moment, whole and tiled images side by side, the state checked all the while.
    @Test func randomCancels() throws {
        var random = SeededRandom(seed: 91)
        let network = Self.network { _, first in usleep(UInt32(first.bitPattern % 5) * 20) }
        let rig = Rig(network, threads: 3)
        var restorations: [(restoration: Restoration, ending: Ending)] = []
        for number in 0..<80 {
            let image = FloatImage(width: random.integer(1...150), height: random.integer(1...150), seed: UInt64(number))
            var options = whole
            if number % 3 == 0 { options.mode = .tile }
            let ending = Ending()
            restorations.append((try rig.enqueue(image, options, ending), ending))
            if random.integer(0...2) == 0 { restorations.randomElement(using: &random)!.restoration.cancel() }
            if random.integer(0...5) == 0 { usleep(500) }
            #expect(rig.scheduler.checkInvariants() == [], "image \(number)")
        }
        while !rig.scheduler.waitUntilIdle(seconds: 0.005) { #expect(rig.scheduler.checkInvariants() == []) }
        #expect(restorations.allSatisfy { $0.ending.count == 1 })
        #expect(rig.scheduler.queuedTiles == 0 && rig.scheduler.busyWorkers == 0 && rig.scheduler.images == 0)
    }

    // MARK: What can go wrong

    private final class Torn: TileSource, RowSink {
        struct Error: Swift.Error {}
        let width = 100, height = 100
        func readRGB(
            rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
        ) throws {
            if rows.contains(60) { throw Error() }
            pixels.update(repeating: 0, count: columns.count * 3)
        }
        func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) throws {}
    }

    @Test func anUnreadableSourceFails() throws {
        let rig = Rig(Self.network())
        let torn = Torn()
        #expect(throws: Torn.Error.self) { try rig.scheduler.restore(source: torn, sink: torn, options: whole) }
        #expect(rig.scheduler.images == 0 && rig.scheduler.queuedTiles == 0)
    }

    @Test func memoryIsCountedAndRefused() throws {
        let rig = Rig(Self.network())
        let grid = try rig.scheduler.grid(width: 100, height: 90, mode: .whole)
        let tiled = try rig.scheduler.grid(width: 100, height: 90)
        let padded = rig.scheduler.workingBytes(for: grid) - rig.scheduler.workingBytes(for: tiled)
        #expect(padded >= 112 * 96 * 12 && padded < 112 * 96 * 12 + 10_000)
        let wide = FloatImage(width: 10_016, height: 1)
        #expect(throws: TilesError.noMemory(bytes: 10_016 * 16 * 12)) {
            try rig.scheduler.restore(source: wide, sink: wide, options: whole)
        }
    }

    @Test func networksOfTilesRefuseWholeImages() throws {
        let rig = Rig(RuleNetwork())
        let error = TilesError.badOption(
            name: "mode", value: "whole", expected: "tile, since the model's encoder takes tiles only")
        #expect(throws: error) { try rig.scheduler.grid(width: 100, height: 100, mode: .whole) }
        #expect(throws: error) { _ = try rig.enqueue(FloatImage(width: 100, height: 100), whole) }
        #expect(throws: Never.self) { _ = try rig.enqueue(FloatImage(width: 48, height: 40), whole) }
    }

    /// No time left for any sub-decoder: the image is not encoded in vain, and comes back as it was.
    @Test func aDeadlineStopsTheEncoding() throws {
        let asked = Mutex(0)
        let network = Self.network(parts: 50) { _, _ in usleep(1000) }
        let scheduler = TileScheduler(
            network: network,
            configuration: .init(threads: 2, tile: Rig.smallTile, queueLimit: 1000, assumedSecondsPerTile: 0.005))
        defer { scheduler.stop() }
        var options = whole
        // The first turn lasts the assumed 5 ms, at most five parts of at least 1 ms; later ones as long as was measured.
        options.depthLimit = { _ in
            asked.withLock {
                $0 += 1; return $0 > 1 ? 0 : 4
            }
        }
        let image = FloatImage(width: 100, height: 100, seed: 3), result = FloatImage(width: 100, height: 100)
        let report = try scheduler.restore(source: image, sink: result, options: options)
        #expect(result.isIdentical(to: image) && report.tiles.allSatisfy { $0.exit == 0 })
        let parts = network.steps.keys.count { if case .image = $0 { true } else { false } }
        #expect(parts > 0 && parts < 50)
    }

    @Test func aDryRunTellsClasses() throws {
        let network = Self.network()
        let rig = Rig(network)
        var options = whole
        options.dryRun = true
        let image = FloatImage(width: 100, height: 100, seed: 3)
        let report = try rig.scheduler.restore(source: image, sink: nil, options: options)
        options.dryRun = false
        let real = try rig.scheduler.restore(source: image, sink: image, options: options)
        #expect(report.tiles.map(\.exit) == real.tiles.map(\.exit))
        #expect(report.tiles.map(\.degradationClass) == real.tiles.map(\.degradationClass))
    }
}
