import Foundation
import Service
import Synchronization
import Testing

/// While memory is short the slowest transfer goes.
@Suite struct MemoryTransferTests {
    @Test func theSlowestTransferGoes() throws {
        let budget = MemoryBudget(limit: 1000)
        let gone = Mutex<[String]>([])
        func upload(_ name: String, total: Int) throws -> MemoryReservation {
            let upload = try budget.reserveUpload(0, announced: total)
            upload.follow(total: total) { gone.withLock { $0.append(name) } }
            return upload
        }
        let arrived = try upload("arrived", total: 10)
        try arrived.grow(to: 10)
        arrived.complete(with: 10)
        let stalled = try upload("stalled", total: 300)
        let steady = try upload("steady", total: 200)
        try stalled.grow(to: 299)
        stalled.moved(to: 299)
        // Nobody is judged in the first seconds.
        #expect(throws: MemoryBudget.Refusal.self) { try budget.reserveUpload(0, announced: 300) }
        for step in 1...14 {
            try steady.grow(to: 13 * step)
            steady.moved(to: 13 * step)
            usleep(500_000)
        }
        // 18 bytes at 26 a second are soon done; one byte that does not come never is.
        #expect(throws: MemoryBudget.Refusal.self) { try budget.reserveUpload(0, announced: 400) }
        #expect(gone.withLock { $0 } == [], "what does not help is not taken")
        let newcomer = try budget.reserveUpload(0, announced: 300)
        #expect(gone.withLock { $0 } == ["stalled"])
        #expect(budget.reserved == 192 && budget.checkInvariants() == [])
        try newcomer.grow(to: 300)
        // The one that had to go gives nothing back any more.
        withExtendedLifetime(consume stalled) {}
        #expect(budget.reserved == 492 && budget.checkInvariants() == [])
        withExtendedLifetime((arrived, steady)) {}
    }

    @Test func smallImagesDoNotStandBehindLargeOnes() throws {
        let budget = MemoryBudget(limit: 1600)
        let order = Mutex<[String]>([])
        let kept = Mutex<[String: MemoryReservation]>([:])
        func ask(_ name: String, _ bytes: Int, _ client: String = "") -> MemoryWait {
            budget.reserveImage(bytes, client: client) { result in
                order.withLock { $0.append(name) }
                if let reservation = try? result.get() { kept.withLock { $0[name] = reservation } }
            }
        }
        var waits = [ask("a1", 1000, "a"), ask("a2", 900, "a"), ask("a3", 900, "a"), ask("b1", 900, "b")]
        #expect(order.withLock { $0 } == ["a1"])
        // A part is kept for what is small.
        waits += [ask("small", 100, "c"), ask("small too", 100, "c")]
        #expect(order.withLock { $0 } == ["a1", "small", "small too"])
        waits.append(ask("one too many", 100, "c"))
        #expect(budget.waiting == 4 && budget.checkInvariants() == [])
        // The clients take turns.
        let first = kept.withLock { $0.removeValue(forKey: "a1") }
        withExtendedLifetime(consume first) {}
        #expect(order.withLock { $0.dropFirst(3).first } == "a2" || order.withLock { $0.dropFirst(3).first } == "b1")
        withExtendedLifetime(waits) {}
    }
}
