import Network
import Synchronization
import TestSupport
import Testing
import Tiles

/// How clients share the queue and the workers.
@Suite struct QueueShareTests {
    private let once = RestorationOptions(exit: .fixed(1))

    private func plain(_ tiles: Int, _ value: Float) -> FloatImage {
        FloatImage(width: 48, height: 48 + 32 * (tiles - 1)) { _, _, _ in value }
    }

    @Test func aLargeImageClosesTheDoorForItsOwnClientOnly() throws {
        let rig = Rig(RuleNetwork(), queueLimit: 256)
        let scheduler = rig.scheduler
        let first = try scheduler.reserve(tiles: 400, client: "a")
        #expect(throws: TilesError.self) { _ = try scheduler.reserve(tiles: 100, client: "a") }
        // It counts with half of the queue; another client gets of the other half.
        let other = try scheduler.reserve(tiles: 100, client: "b")
        let more = try scheduler.reserve(tiles: 60, client: "b")
        #expect(throws: TilesError.self) { _ = try scheduler.reserve(tiles: 20, client: "b") }
        // Small ones have a part of their own: 32 tiles, for each half of it where there are several.
        var small = try (0..<2).map { _ in try scheduler.reserve(tiles: 8, client: "a") }
        small.append(try scheduler.reserve(tiles: 8, client: "a"))
        small.append(try scheduler.reserve(tiles: 8, client: "b"))
        #expect(throws: TilesError.self) { _ = try scheduler.reserve(tiles: 8, client: "a") }
        #expect(scheduler.boundedTiles == (560, 32))
        #expect(scheduler.checkInvariants() == [])
        // What was accepted for later takes no place.
        let job = try scheduler.reserve(tiles: 10_000, limited: false)
        #expect(scheduler.boundedTiles == (560, 32) && scheduler.queuedTiles == 10_592)
        for ticket in [first, other, more, job] + small { ticket.release() }
        #expect(scheduler.queuedTiles == 0 && scheduler.boundedTiles == (0, 0))
        #expect(scheduler.checkInvariants() == [])
    }

    @Test func aLoneClientFillsTheQueue() throws {
        let rig = Rig(RuleNetwork(), queueLimit: 256)
        let tickets = try [200, 50, 20].map { try rig.scheduler.reserve(tiles: $0, client: "a") }
        #expect(throws: TilesError.self) { _ = try rig.scheduler.reserve(tiles: 9, client: "a") }
        withExtendedLifetime(tickets) {}
    }

    /// One client brings four images, another one: each gets every second turn. Jobs have a turn of their own.
    @Test func clientsTakeTurns() throws {
        let gate = Gate()
        let order = Mutex<[Float]>([])
        let network = RuleNetwork(onStep: { step, first in
            guard step == .encode else { return }
            order.withLock { $0.append(first) }
            gate.pass()
        })
        let rig = Rig(network, threads: 1)
        func enqueue(_ value: Float, _ client: String, limited: Bool = true) throws {
            let image = plain(2, value)
            _ = try rig.scheduler.enqueue(
                source: image, sink: image, options: once, limited: limited, client: client
            ) { _ in }
        }
        try enqueue(0, "first")
        #expect(gate.awaitArrivals())
        for value in [0.125, 0.25, 0.375, 0.5] as [Float] { try enqueue(value, "many") }
        try enqueue(0.625, "one")
        try enqueue(0.75, "", limited: false)
        try enqueue(0.875, "", limited: false)
        #expect(rig.scheduler.checkInvariants() == [])
        gate.open()
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        let turns = order.withLock { $0 }
        #expect(turns.count == 16)
        // The lone image of "one" is done after two rounds of four lanes, "many" has had two turns by then.
        let done = try #require(turns.lastIndex(of: 0.625))
        let before = turns[...done]
        #expect(before.count { $0 > 0.1 && $0 < 0.6 } == 2, "\(turns)")
        #expect(before.count { $0 == 0.75 || $0 == 0.875 } <= 2, "\(turns)")
    }

    @Test func theLedgerAddsUpWhateverHappens() throws {
        let seed: UInt64 = 3
        var random = SeededRandom(seed: seed)
        let rig = Rig(RuleNetwork(), threads: 2, queueLimit: 64)
        var tickets: [QueueTicket] = []
        var images: [Restoration] = []
        for round in 0..<400 {
            let client = ["a", "b", "c"][random.integer(0...2)]
            switch random.integer(0...4) {
            case 0:
                if let ticket = try? rig.scheduler.reserve(tiles: random.integer(1...40), client: client) {
                    tickets.append(ticket)
                }
            case 1: if !tickets.isEmpty { tickets.remove(at: random.integer(0...tickets.count - 1)).release() }
            case 2:
                if let ticket = tickets.popLast() {
                    let image = plain(random.integer(1...5), 0.5)
                    images.append(
                        try rig.scheduler.enqueue(source: image, sink: image, options: once, ticket: ticket) { _ in })
                }
            case 3:
                let image = plain(random.integer(1...5), 0.5)
                let job = try? rig.scheduler.enqueue(
                    source: image, sink: image, options: once, limited: random.integer(0...1) == 0, client: client
                ) { _ in }
                if let job { images.append(job) }
            default: images.popLast()?.cancel()
            }
            #expect(rig.scheduler.checkInvariants() == [], "seed \(seed), round \(round)")
        }
        tickets = []
        #expect(rig.scheduler.waitUntilIdle(seconds: 20))
        #expect(rig.scheduler.queuedTiles == 0 && rig.scheduler.boundedTiles == (0, 0))
    }
}
