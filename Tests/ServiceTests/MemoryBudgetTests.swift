import Service
import Synchronization
import TestSupport
import Testing

@Suite struct MemoryBudgetTests {
    @Test func randomUseKeepsTheInvariantsAndServesEverybody() throws {
        let seed: UInt64 = 7
        var random = SeededRandom(seed: seed)
        let budget = MemoryBudget(limit: 1000)
        let granted = Mutex<[Int: MemoryReservation]>([:])
        let answered = Mutex<Set<Int>>([])
        var uploads: [MemoryReservation] = []
        var waits: [Int: MemoryWait] = [:]
        for round in 0..<5000 {
            switch random.integer(0...6) {
            case 0:
                let bytes = random.integer(0...300), announced = random.integer(0...600)
                if let upload = try? budget.reserveUpload(bytes, announced: announced) { uploads.append(upload) }
            case 6: try? uploads.randomElement(using: &random)?.grow(to: random.integer(0...500))
            case 1: if !uploads.isEmpty { uploads.remove(at: random.integer(0...uploads.count - 1)) }
            case 2: uploads.last?.shrink(to: random.integer(0...300))
            case 3:
                waits[round] = budget.reserveImage(random.integer(1...1200)) { result in
                    answered.withLock { _ = $0.insert(round) }
                    if let reservation = try? result.get() { granted.withLock { $0[round] = reservation } }
                }
            case 4:
                // Let go outside the lock: others are served at once.
                let gone = granted.withLock { $0.popFirst() }
                _ = gone
            default:
                if let (key, wait) = waits.randomElement(using: &random) {
                    wait.withdraw()
                    waits[key] = nil
                }
            }
            #expect(budget.checkInvariants() == [], "seed \(seed), round \(round)")
        }
        uploads = []
        while let gone = granted.withLock({ $0.popFirst() }) { _ = gone }
        #expect(budget.reserved == 0 && budget.waiting == 0)
        // Who neither withdrew nor was answered would wait for ever.
        #expect(waits.keys.allSatisfy { key in answered.withLock { $0.contains(key) } })
    }

    @Test func firstComeFirstServed() throws {
        let budget = MemoryBudget(limit: 100)
        let order = Mutex<[String]>([])
        let kept = Mutex<[MemoryReservation]>([])
        func ask(_ name: String, _ bytes: Int) -> MemoryWait {
            budget.reserveImage(bytes) { result in
                order.withLock { $0.append(name) }
                if let reservation = try? result.get() { kept.withLock { $0.append(reservation) } }
            }
        }
        let waits = [ask("first", 80), ask("large", 60), ask("small", 10)]
        // The small one fits, and waits all the same: else large ones would starve.
        #expect(order.withLock { $0 } == ["first"] && budget.waiting == 2)
        let first = kept.withLock { $0.removeFirst() }
        withExtendedLifetime(first) {}
        _ = consume first
        #expect(order.withLock { $0 } == ["first", "large", "small"])
        withExtendedLifetime(waits) {}
    }

    @Test func uploadsTakeHalfAtMost() throws {
        let budget = MemoryBudget(limit: 100)
        let upload = try budget.reserveUpload(0, announced: 40)
        #expect(budget.reserved == 0, "an announcement takes nothing")
        try upload.grow(to: 40)
        #expect(throws: MemoryBudget.Refusal.full(limit: 100, actual: 60)) {
            try budget.reserveUpload(0, announced: 20)
        }
        #expect(throws: MemoryBudget.Refusal.tooLarge(limit: 50, actual: 51)) {
            try budget.reserveUpload(0, announced: 51)
        }
        let second = try budget.reserveUpload(5, announced: 10)
        #expect(throws: MemoryBudget.Refusal.full(limit: 100, actual: 51)) { try second.grow(to: 11) }
        #expect(budget.reserved == 45)
        try second.grow(to: 0)
        #expect(budget.reserved == 45, "growing never gives back")
        second.shrink(to: 0)
        // Nobody would ever give memory back, so nobody waits.
        let refusal = Mutex<MemoryBudget.Refusal?>(nil)
        let wait = budget.reserveImage(61) { result in
            if case .failure(let failure) = result { refusal.withLock { $0 = failure } }
        }
        #expect(refusal.withLock { $0 } == .full(limit: 100, actual: 101))
        withExtendedLifetime((upload, second, wait)) {}
    }

    /// Tiles in work have a part of their own, a quarter at most.
    @Test func tilesInWorkCount() throws {
        let budget = MemoryBudget(limit: 1000)
        budget.occupy(forTiles: 5000)
        #expect(budget.photoLimit == 750)
        budget.occupy(forTiles: 200)
        #expect(budget.photoLimit == 800)
        let results = Mutex<[Result<MemoryReservation, MemoryBudget.Refusal>]>([])
        let waits = [(801, 0), (700, 101), (800, 0)].map { bytes, file in
            budget.reserveImage(bytes, beside: file) { result in results.withLock { $0.append(result) } }
        }
        withExtendedLifetime(waits) {}
        #expect(results.withLock { $0.map { (try? $0.get()) != nil } } == [false, false, true])
        for result in results.withLock({ $0.prefix(2) }) {
            // Not "later": with its own upload beside it there will never be enough.
            guard case .failure(.tooLarge(800, 801)) = result else { Issue.record("\(result)"); continue }
        }
        #expect(throws: MemoryBudget.Refusal.full(limit: 800, actual: 801)) {
            try budget.reserveUpload(0, announced: 1)
        }
        #expect(budget.checkInvariants() == [])
    }
}
