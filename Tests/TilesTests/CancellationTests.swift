import Foundation
import Network
import Synchronization
import TestSupport
import Testing
import Tiles

@Suite struct CancellationTests {
    /// Every worker is inside a step when the cancellation comes; none begins another one.
    @Test(arguments: [1, 3])
    func stopsWithinOneStep(_ threads: Int) throws {
        for stuckAt: RuleNetwork.Step in [.encode, .advance(1), .advance(3), .head(4)] {
            let gate = Gate()
            let network = RuleNetwork(onStep: { step, _ in if step == stuckAt { gate.pass() } })
            let observer = TallyObserver()
            let rig = Rig(network, threads: threads, observer: observer)
            let ending = Ending()
            let image = WatchedImage(width: 400, height: 300)
            let restoration = try rig.scheduler.enqueue(source: image, sink: image, options: .init(exit: .fixed(4))) {
                ending.set($0)
            }
            #expect(gate.awaitArrivals(threads))
            let before = network.steps
            restoration.cancel()
            restoration.cancel()
            #expect(rig.scheduler.queuedTiles == 0)
            #expect(restoration.status.state == .running, "workers are still inside")
            gate.open()
            #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
            #expect(network.steps == before, "no step began after the cancellation in \(stuckAt)")
            #expect(ending.count == 1 && ending.isCancelled)
            #expect(restoration.status.state == .cancelled)
            #expect(restoration.status.etaSeconds == nil)
            #expect(image.violations == [])
            #expect(rig.scheduler.busyWorkers == 0)
            #expect(rig.scheduler.checkInvariants() == [])
            #expect(observer.tally.cancelled == [.infer: 1])
        }
    }

    @Test func aWaitingImageEndsAtOnce() throws {
        let gate = Gate()
        let observer = TallyObserver()
        let rig = Rig(RuleNetwork(onStep: { _, _ in gate.pass() }), threads: 1, observer: observer)
        let options = RestorationOptions(exit: .fixed(1))
        let first = try rig.enqueue(FloatImage(width: 200, height: 100), options)
        #expect(gate.awaitArrivals())
        let ended = DispatchSemaphore(value: 0)
        let image = WatchedImage(width: 200, height: 200)
        let second = try rig.scheduler.enqueue(source: image, sink: image, options: options) { outcome in
            if case .cancelled = outcome { ended.signal() }
        }
        #expect(second.status.position == 0 && first.status.position == nil)
        second.cancel()
        // The only worker is still held by the first image.
        #expect(ended.wait(timeout: .now() + Patience.seconds(10)) == .success)
        #expect(second.status.state == .cancelled)
        #expect(image.writtenRows == 0 && image.violations == [])
        #expect(observer.tally.cancelled == [.queue: 1])
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(first.status.state == .succeeded)
        first.cancel()
        #expect(first.status.state == .succeeded, "too late")
    }

    /// From a progress callback, on the worker's own thread.
    @Test func cancelFromProgress() throws {
        let rig = Rig(RuleNetwork(), threads: 2)
        let ending = Ending()
        let box = Mutex<Restoration?>(nil)
        let seen = Mutex<[Int]>([])
        let image = FloatImage(width: 400, height: 400, seed: 1)
        let gate = Gate()
        let restoration = try rig.scheduler.enqueue(
            source: image, sink: image, options: .init(exit: .fixed(1)),
            progress: { progress in
                gate.pass()
                seen.withLock { $0.append(progress.done) }
                if progress.done == 3 { box.withLock { $0 }?.cancel() }
            },
            completion: { ending.set($0) })
        box.withLock { $0 = restoration }
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(seen.withLock { $0 } == [1, 2, 3], "nothing is blended after the cancellation")
        #expect(ending.count == 1 && ending.isCancelled)
        #expect(restoration.finishedTiles.map(\.index) == [0, 1, 2])
        box.withLock { $0 = nil }
    }

    @Test func stopCancelsAndRefuses() throws {
        let gate = Gate()
        let rig = Rig(RuleNetwork(onStep: { _, _ in gate.pass() }), threads: 2)
        let endings = (0..<5).map { _ in Ending() }
        for ending in endings { _ = try rig.enqueue(FloatImage(width: 90, height: 90), .init(exit: .fixed(2)), ending) }
        #expect(gate.awaitArrivals(2))
        rig.scheduler.close()
        #expect(throws: TilesError.stopped) {
            _ = try rig.enqueue(FloatImage(width: 9, height: 9), .init(exit: .fixed(1)))
        }
        #expect(throws: TilesError.stopped) { _ = try rig.scheduler.reserve(tiles: 1) }
        #expect(!rig.scheduler.waitUntilIdle(seconds: 0.02), "draining lets running work go on")
        rig.scheduler.cancelAll()
        gate.open()
        rig.scheduler.stop()
        #expect(endings.allSatisfy { $0.count == 1 && $0.isCancelled })
    }
}
