import Foundation
import Network
import Synchronization
import TestSupport
import Testing
import Tiles

@Suite struct StressTests {
    /// Many small images, random cancels from two threads, the state checked all the while.
    @Test(arguments: [1, 2, 5])
    func manyImagesAndRandomCancels(_ threads: Int) throws {
        let seed = UInt64(threads) * 1000 + 17
        var random = SeededRandom(seed: seed)
        let network = RuleNetwork(
            classify: { Int($0 * 6) % 6 }, onStep: { _, first in usleep(UInt32(first.bitPattern % 5) * 20) },
            rule: { _, _, _, _, input in input < 0.001 ? .nan : 0.1 * input })
        let observer = TallyObserver()
        let rig = Rig(network, threads: threads, observer: observer)
        let options = RestorationOptions(exit: .table([4, 3, 2, 2, 1, 0]))
        struct Entry {
            let restoration: Restoration
            let image: FloatImage
            let original: FloatImage
            let ending: Ending
            let progress: Progress
        }
        final class Progress: Sendable { let done = Mutex<[Int]>([]) }
        var entries: [Entry] = []
        for number in 0..<150 {
            let original = FloatImage(
                width: random.integer(1...150), height: random.integer(1...150), seed: seed &+ UInt64(number))
            let entry: Entry
            let image = original.copy
            let ending = Ending()
            let progress = Progress()
            let restoration = try rig.scheduler.enqueue(
                source: image, sink: image, options: options,
                progress: { step in
                    progress.done.withLock { $0.append(step.done) }
                    #expect(ending.count == 0, "progress after the end")
                },
                completion: { ending.set($0) })
            entry = Entry(restoration: restoration, image: image, original: original, ending: ending, progress: progress)
            entries.append(entry)
            if random.integer(0...3) == 0 { entries.randomElement(using: &random)!.restoration.cancel() }
            if random.integer(0...7) == 0 { DispatchQueue.global().async { restoration.cancel() } }
            if random.integer(0...9) == 0 { usleep(500) }
            #expect(rig.scheduler.checkInvariants() == [], "seed \(seed), image \(number)")
        }
        while !rig.scheduler.waitUntilIdle(seconds: 0.005) {
            #expect(rig.scheduler.checkInvariants() == [], "seed \(seed)")
        }
        #expect(rig.scheduler.checkInvariants() == [], "seed \(seed)")
        #expect(rig.scheduler.queuedTiles == 0 && rig.scheduler.busyWorkers == 0 && rig.scheduler.images == 0)

        let reference = Rig(network, threads: 1)
        var succeeded = 0
        for (number, entry) in entries.enumerated() {
            let what = "seed \(seed), image \(number), \(entry.image.width)×\(entry.image.height)"
            #expect(entry.ending.count == 1, "\(what)")
            let done = entry.progress.done.withLock { $0 }
            #expect(done == Array(1..<(done.count + 1)), "\(what): progress \(done)")
            guard let report = entry.ending.report else {
                #expect(entry.ending.isCancelled && entry.restoration.status.state == .cancelled, "\(what)")
                continue
            }
            succeeded += 1
            #expect(done.count == report.grid.count && report.tiles.map(\.index) == Array(0..<done.count), "\(what)")
            if number % 4 == 0 {
                #expect(try entry.image.isIdentical(to: reference.restore(entry.original, options)), "\(what)")
            }
        }
        #expect(succeeded > 20 && succeeded < 150, "seed \(seed): \(succeeded) succeeded")
        #expect(observer.tally.cancelled.values.reduce(0, +) == 150 - succeeded, "seed \(seed)")
    }
}
