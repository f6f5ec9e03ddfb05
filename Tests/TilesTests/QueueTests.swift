import Foundation
import Network
import Synchronization
import TestSupport
import Testing
import Tiles

@Suite struct QueueTests {
    private let once = RestorationOptions(exit: .fixed(1))

    /// One value tells the image: what `onStep` and the order of the steps see.
    private func plain(_ tiles: Int, _ value: Float) -> FloatImage {
        FloatImage(width: 48, height: 48 + 32 * (tiles - 1)) { _, _, _ in value }
    }

    @Test func imagesTakeTurnsTileByTile() throws {
        let gate = Gate()
        let order = Mutex<[Float]>([])
        let network = RuleNetwork(onStep: { step, first in
            guard step == .encode else { return }
            order.withLock { $0.append(first) }
            gate.pass()
        })
        let rig = Rig(network, threads: 1)
        _ = try rig.enqueue(plain(6, 0.25), once)
        #expect(gate.awaitArrivals())
        let large = try rig.enqueue(plain(4, 0.5), once)
        let small = try rig.enqueue(plain(1, 0.75), once)
        #expect(large.status.position == 0 && small.status.position == 1)
        #expect(rig.scheduler.queuedImages == 2 && rig.scheduler.images == 3)
        #expect(rig.scheduler.queuedTiles == 10 && rig.scheduler.busyWorkers == 1)
        #expect(rig.scheduler.checkInvariants() == [])
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(order.withLock { $0 } == [0.25, 0.25, 0.5, 0.75, 0.25, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25])
    }

    @Test func tilesRunAheadOnlySoFar() throws {
        let gate = Gate()
        let started = Mutex(0)
        let network = RuleNetwork(onStep: { step, first in
            guard step == .encode else { return }
            started.withLock { $0 += 1 }
            if first == 0 { gate.pass() }
        })
        // Only the first tile, at the top, holds its worker.
        let image = FloatImage(width: 48, height: 48 + 32 * 29) { y, _, _ in y == 0 ? 0 : 0.5 }
        let rig = Rig(network, threads: 4, runAhead: 7)
        let ending = Ending()
        let restoration = try rig.enqueue(image, once, ending)
        let limit = Date(timeIntervalSinceNow: Patience.seconds(10))
        while started.withLock({ $0 }) < 7, Date() < limit { usleep(1000) }
        usleep(20_000)
        #expect(started.withLock { $0 } == 7, "the first tile and six beyond it")
        #expect(restoration.status.done == 0 && rig.scheduler.queuedTiles == 23)
        #expect(rig.scheduler.checkInvariants() == [])
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(ending.report?.tiles.count == 30)
    }

    @Test func aLoneTileUsesSeveralThreads() throws {
        let threads = Mutex<Set<UInt>>([])
        let network = RuleNetwork(rule: { _, y, x, channel, _ in
            if x == 0, channel == 0 {
                threads.withLock { _ = $0.insert(UInt(pthread_self())) }
                usleep(500)
            }
            return 0
        })
        let rig = Rig(network, threads: 4)
        _ = try rig.restore(plain(1, 0.5), once)
        #expect(threads.withLock { $0.count } > 1)
    }

    // MARK: Admission

    @Test func aFullQueueSaysWhenToComeBack() throws {
        let gate = Gate()
        let rig = Rig(RuleNetwork(onStep: { _, _ in gate.pass() }), threads: 1, queueLimit: 5)
        _ = try rig.enqueue(plain(4, 0.5), once)
        #expect(gate.awaitArrivals())
        // Three wait, one is at work: fewer than five wait, so an image of any size is admitted.
        let ticket = try rig.scheduler.reserve(tiles: 10)
        #expect(rig.scheduler.queuedTiles == 13)
        #expect(rig.scheduler.tilesPerSecond == 1, "assumed until measured")
        // Nine of thirteen have to go before fewer than five wait.
        let full = TilesError.queueFull(QueueFull(limit: 5, actual: 13, retryAfterSeconds: 9))
        #expect(throws: full) { _ = try rig.enqueue(plain(1, 0.5), once) }
        #expect(throws: full) { _ = try rig.scheduler.reserve(tiles: 1) }
        #expect(rig.scheduler.secondsUntilRoom() == 9)
        // The holder of a ticket has been admitted.
        let ending = Ending()
        let image = plain(10, 0.25)
        _ = try rig.scheduler.enqueue(source: image, sink: image, options: once, ticket: ticket) { ending.set($0) }
        #expect(rig.scheduler.queuedTiles == 13)
        ticket.release()
        #expect(rig.scheduler.queuedTiles == 13, "a spent ticket gives nothing back")
        // Who has been promised a place is never refused.
        let promised = plain(2, 0.25)
        _ = try rig.scheduler.enqueue(source: promised, sink: promised, options: once, limited: false) { _ in }
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(ending.report?.tiles.count == 10)
        #expect(rig.scheduler.queuedTiles == 0 && rig.scheduler.secondsUntilRoom() == 0)
    }

    @Test func ticketsThatAreLetGoOfFreeTheirPlace() throws {
        let rig = Rig(RuleNetwork(), queueLimit: 3)
        do {
            let ticket = try rig.scheduler.reserve(tiles: 8)
            #expect(ticket.tiles == 8 && rig.scheduler.queuedTiles == 8)
            #expect(throws: TilesError.self) { _ = try rig.scheduler.reserve(tiles: 1) }
        }
        #expect(rig.scheduler.queuedTiles == 0)
        let ticket = try rig.scheduler.reserve(tiles: 8)
        ticket.release()
        ticket.release()
        #expect(rig.scheduler.queuedTiles == 0)
        #expect(throws: TilesError.self) {
            let ticket = try rig.scheduler.reserve(tiles: 8)
            let image = plain(1, 0)
            let wrong = RestorationOptions(exit: .fixed(9))
            _ = try rig.scheduler.enqueue(source: image, sink: image, options: wrong, ticket: ticket) { _ in }
        }
        #expect(rig.scheduler.queuedTiles == 0, "refused for its options")
        #expect(rig.scheduler.checkInvariants() == [])
    }

    @Test func withoutAQueueAFreeWorkerIsNeeded() throws {
        let gate = Gate()
        let rig = Rig(RuleNetwork(onStep: { _, _ in gate.pass() }), threads: 1, queueLimit: 0)
        _ = try rig.enqueue(plain(1, 0.5), once)
        #expect(gate.awaitArrivals())
        #expect(throws: TilesError.self) { _ = try rig.enqueue(plain(1, 0.5), once) }
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        _ = try rig.enqueue(plain(1, 0.5), once)
    }

    // MARK: Estimates

    @Test func estimatesComeFromMeasuredThroughput() throws {
        let milliseconds = 10.0
        let gate = Gate()
        let isHeld = Mutex(false)
        let network = RuleNetwork(onStep: { step, _ in
            guard step == .encode else { return }
            usleep(10_000)
            if isHeld.withLock({ $0 }) { gate.pass() }
        })
        let rig = Rig(network, threads: 2)
        _ = try rig.restore(plain(30, 0.5), once)
        // Two workers, 10 ms a tile, on a machine with other things to do.
        let rate = rig.scheduler.tilesPerSecond
        #expect(rate <= 2.05 * 1e3 / milliseconds, "\(rate) tiles/s")
        #expect(rate >= 20, "\(rate) tiles/s")
        #expect(abs(rig.scheduler.estimatedSeconds(forTiles: 40) - 40 / rate) <= 1e-9)
        isHeld.withLock { $0 = true }
        let restoration = try rig.enqueue(plain(20, 0.5), once)
        #expect(gate.awaitArrivals(2))
        // 18 tiles wait, two count half. Next to them an image of 3 tiles has 3 of them to wait for, one of 40 has 19.
        #expect(abs(rig.scheduler.estimatedSeconds(forTiles: 3) - 6 / rate) <= 1e-9)
        #expect(abs(rig.scheduler.estimatedSeconds(forTiles: 40) - 59 / rate) <= 1e-9)
        #expect(abs(try #require(restoration.status.etaSeconds) - 19 / rate) <= 1e-9)
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        let status = restoration.status
        #expect(status.etaSeconds == nil && status.done == 20 && status.exits == [1: 20])
    }

    @Test func smallTilesCountByTheirArea() throws {
        let network = RuleNetwork(onStep: { step, _ in if step == .encode { usleep(10_000) } })
        let rig = Rig(network, threads: 1)
        for _ in 0..<8 { _ = try rig.restore(FloatImage(width: 16, height: 16), once) }
        // A ninth of a tile in 10 ms and a bit.
        #expect(rig.scheduler.tilesPerSecond <= 100 / 9.0)
    }

    // MARK: Memory

    @Test func idleRunsAreLetGoOf() throws {
        let network = RuleNetwork()
        let rig = Rig(network, threads: 3)
        #expect(network.liveRuns == 0, "made for the first tile")
        let image = FloatImage(width: 300, height: 300, seed: 2)
        _ = try rig.restore(image, once)
        let live = network.liveRuns
        #expect((1...3).contains(live))
        #expect(rig.scheduler.releaseIdleMemory(unusedFor: 3600) == 0)
        #expect(rig.scheduler.releaseIdleMemory(unusedFor: 0) == live)
        #expect(network.liveRuns == 0)
        #expect(try rig.restore(image, once).isIdentical(to: image))
    }

    /// Memory for fewer tiles than threads: the others help, and the result is the same.
    @Test(arguments: [1, 2]) func tilesAtOnceAreBounded(most: Int) throws {
        let highest = Atomic<Int>(0)
        let inWork = Atomic<Int>(0)
        let network = RuleNetwork(onStep: { _, _ in
            highest.max(inWork.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            usleep(200)
            inWork.subtract(1, ordering: .relaxed)
        })
        let rig = Rig(network, threads: 4, tilesAtOnce: most)
        let image = FloatImage(width: 300, height: 300, seed: 5)
        let endings = try (0..<3).map { _ in
            let ending = Ending()
            _ = try rig.enqueue(image, once, ending)
            return ending
        }
        while !rig.scheduler.waitUntilIdle(seconds: 0.002) { #expect(rig.scheduler.checkInvariants() == []) }
        #expect(endings.allSatisfy { $0.report != nil })
        #expect(highest.load(ordering: .relaxed) <= most)
        #expect(network.liveRuns <= most)
    }

    /// A lone small photo now and then needs one workspace, whoever of the team leads its tile.
    @Test func oneTileAfterTheOtherUsesOneWorkspace() throws {
        let network = RuleNetwork()
        let rig = Rig(network, threads: 4)
        for _ in 0..<50 { _ = try rig.restore(FloatImage(width: 48, height: 48), once) }
        #expect(network.liveRuns == 1)
    }

    @Test func anIdleSchedulerGivesItsMemoryBackByItself() throws {
        let network = RuleNetwork()
        var configuration = TileScheduler.Configuration(threads: 2, tile: Rig.smallTile)
        configuration.idleMemorySeconds = 0.2
        let scheduler = TileScheduler(network: network, configuration: configuration)
        defer { scheduler.stop() }
        let image = FloatImage(width: 100, height: 100, seed: 3)
        _ = try scheduler.restore(source: image, sink: image, options: once)
        let deadline = ContinuousClock.now + .seconds(Patience.seconds(20))
        while network.liveRuns > 0, ContinuousClock.now < deadline { usleep(20_000) }
        #expect(network.liveRuns == 0)
    }

    /// A service keeps handles of ended restorations; they must not keep pictures.
    @Test func endedRestorationsLetGoOfPictures() throws {
        let gate = Gate()
        let rig = Rig(RuleNetwork(onStep: { _, _ in gate.pass() }), threads: 2)
        weak var picture: FloatImage?
        weak var cancelled: FloatImage?
        let handles = try {
            let image = FloatImage(width: 200, height: 200)
            let other = FloatImage(width: 200, height: 200)
            (picture, cancelled) = (image, other)
            let handles = try [rig.enqueue(image, once), rig.enqueue(other, once)]
            handles[1].cancel()
            gate.open()
            return handles
        }()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        // The completion's thread lets go of its copy right after it has told.
        let limit = Date(timeIntervalSinceNow: Patience.seconds(10))
        while picture != nil || cancelled != nil, Date() < limit { usleep(1000) }
        #expect(picture == nil && cancelled == nil)
        #expect(handles.map(\.status.state) == [.succeeded, .cancelled])
    }

    @Test func largeImagesNeedABandOfRows() throws {
        let rig = Rig(RuleNetwork(), threads: 2, tile: .published)
        let grid = try rig.scheduler.grid(width: 8000, height: 6000)
        let tile = 384 * 384 * 3 * 4
        let band = 8000 * 385 * 3 * 4
        #expect(rig.scheduler.workingBytes(for: grid) <= band + 6 * tile + 1 << 18)
        #expect(rig.scheduler.workingBytes(for: grid) < 8000 * 6000 * 3 * 4 / 5)
    }
}
