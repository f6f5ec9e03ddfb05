import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

struct ThreadTeamTests {
    @Test(arguments: [1, 2, 3, 8])
    func everyChunkRunsOnceAndIsSeenAfterwards(threads: Int) {
        let team = ThreadTeam(threads: threads)
        var random = SeededRandom(seed: 41)
        for _ in 0..<3000 {
            let chunks = random.integer(0...40)
            let counts = UnsafeMutablePointer<Int>.allocate(capacity: max(1, chunks))
            counts.initialize(repeating: 0, count: max(1, chunks))
            team.parallelFor(chunks) { counts[$0] += 1 }
            for chunk in 0..<chunks { #expect(counts[chunk] == 1) }
            counts.deallocate()
        }
        team.stop()
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyChunkIsToldWhichItsThreadRunsNext(threads: Int) {
        struct Run {
            var count = 0
            var thread: pthread_t?
            var next: Int?
        }
        let team = ThreadTeam(threads: threads)
        var random = SeededRandom(seed: 42)
        for _ in 0..<1000 {
            let chunks = random.integer(0...40)
            let runs = UnsafeMutablePointer<Run>.allocate(capacity: max(1, chunks))
            runs.initialize(repeating: Run(), count: max(1, chunks))
            team.parallelFor(
                chunks,
                ahead: { chunk, next in
                    runs[chunk].count += 1
                    runs[chunk].thread = pthread_self()
                    runs[chunk].next = next
                })
            for chunk in 0..<chunks {
                #expect(runs[chunk].count == 1)
                guard let next = runs[chunk].next else { continue }
                #expect(next > chunk && runs[next].thread == runs[chunk].thread)
            }
            // Every thread's first chunk is the only one that none names.
            let named = Set((0..<chunks).compactMap { runs[$0].next })
            #expect(named.count == chunks - Set((0..<chunks).compactMap { runs[$0].thread }).count)
            runs.deallocate()
        }
        team.stop()
    }

    @Test func leadersRunSideBySideAndIdleMembersHelpTheLast() {
        let tasks = Mutex<[@Sendable () -> Void]>([])
        let team = ThreadTeam(threads: 4) { _ in
            let task = tasks.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            return task
        }
        let total = Atomic<Int>(0), finished = DispatchSemaphore(value: 0)
        for length in [200, 1, 3000] {
            let work: @Sendable () -> Void = {
                for _ in 0..<length { team.parallelFor(17) { total.add($0, ordering: .relaxed) } }
                finished.signal()
            }
            tasks.withLock { $0.append(work) }
            team.wake()
        }
        for _ in 0..<3 { finished.wait() }
        #expect(total.load(ordering: .relaxed) == 3201 * 136)
        team.stop()
    }

    @Test func severalThreadsOfALoneTileAreUsed() {
        let team = ThreadTeam(threads: 2)
        let seen = Mutex<Set<UInt>>([])
        for _ in 0..<200 {
            team.parallelFor(4) { _ in
                usleep(200)
                _ = seen.withLock { $0.insert(UInt(pthread_self())) }
            }
        }
        #expect(seen.withLock { $0.count } == 2)
        team.stop()
    }

    @Test func stopEndsMembersThatSleep() {
        for threads in [1, 2, 6] {
            let team = ThreadTeam(threads: threads) { _ in nil }
            usleep(3000)
            team.stop()
        }
    }
}
