import Foundation
import TestSupport
import Testing
import Tiles

/// Room that is held for those who were refused and come back when they were told.
@Suite struct QueuePromiseTests {
    /// Nothing runs: places alone are reserved and given back.
    private let rig = Rig(RuleNetwork(), queueLimit: 10)
    private var scheduler: TileScheduler { rig.scheduler }

    private func refusal(_ tiles: Int, _ client: String, _ visit: QueueVisit? = .first) -> QueueFull? {
        do {
            try scheduler.reserve(tiles: tiles, client: client, visit: visit).release()
            return nil
        } catch {
            guard case .queueFull(let full) = error else { return nil }
            return full
        }
    }

    @Test func whoReturnsInTimeIsServedBeforeNewcomers() throws {
        let first = try scheduler.reserve(tiles: 10, client: "a")
        let refused = try #require(refusal(4, "a")?.promise)
        #expect(refused.seconds == 3, "told one second, and two more")
        // A first refusal holds nothing against its own client, which may know nothing of promises.
        first.release()
        let second = try scheduler.reserve(tiles: 10, client: "a", visit: .first)
        let again = try #require(refusal(4, "a", .returned(refused.id)))
        let promise = try #require(again.promise)
        #expect(promise.id != refused.id)
        // It has shown that it waits: six tiles wait, and four are held.
        second.release()
        let third = try scheduler.reserve(tiles: 6, client: "a", visit: .first)
        let newcomer = try #require(refusal(1, "a"))
        #expect((newcomer.actual, newcomer.held) == (6, 4))
        #expect(refusal(1, "a", nil)?.promise == nil)
        // What was used before, or never was, is no promise.
        #expect(refusal(4, "a", .returned(refused.id)) != nil)
        #expect(refusal(4, "a", .returned(promise.id)) == nil)
        #expect(scheduler.checkInvariants() == [])
        third.release()
    }

    @Test func whoComesEarlyChangesNothing() throws {
        let place = try scheduler.reserve(tiles: 10, client: "a")
        let first = try #require(refusal(4, "a")?.promise)
        let promise = try #require(refusal(4, "a", .returned(first.id))?.promise)
        #expect(refusal(4, "a", .early(promise.id))?.promise == nil)
        place.release()
        let six = try scheduler.reserve(tiles: 6, client: "a", visit: .first)
        // What is held for itself is not in its way.
        #expect(refusal(1, "a") != nil)
        #expect(refusal(4, "a", .early(promise.id)) == nil)
        // It was let in: nothing is held any more.
        #expect(refusal(1, "a") == nil)
        six.release()
    }

    /// A first refusal holds room against other clients.
    @Test func aFirstRefusalHoldsRoomAgainstOthers() throws {
        let (a, b) = (try scheduler.reserve(tiles: 10, client: "a"), try scheduler.reserve(tiles: 5, client: "b"))
        let promise = try #require(refusal(4, "c")?.promise)
        b.release()
        // Of "a" half of the queue counts, four are held: one more gets in.
        let d = try scheduler.reserve(tiles: 1, client: "d", visit: .first)
        #expect(refusal(1, "e")?.held == 4)
        #expect(refusal(4, "c", .returned(promise.id)) == nil)
        #expect(refusal(1, "e") == nil)
        withExtendedLifetime((a, d)) {}
    }

    @Test func whoHasItsShareIsPromisedNothing() throws {
        let (a, b) = (try scheduler.reserve(tiles: 6, client: "a"), try scheduler.reserve(tiles: 1, client: "b"))
        let full = try #require(refusal(1, "a"))
        #expect(full.promise == nil)
        b.release()
        a.release()
    }

    /// However many promises one client gathers, others have their half of the queue, and workers have tiles.
    @Test func promisesOfOneClientTakeNoMoreThanItsShare() throws {
        let place = try scheduler.reserve(tiles: 10, client: "a")
        for _ in 0..<200 {
            let first = try #require(refusal(10, "a")?.promise)
            _ = refusal(10, "a", .returned(first.id))
            #expect(scheduler.checkInvariants() == [])
        }
        place.release()
        var others: [QueueTicket] = []
        for _ in 0..<5 { others.append(try scheduler.reserve(tiles: 1, client: "b", visit: .first)) }
        #expect(refusal(1, "b")?.held == 5)
        // Its own newcomers find half of the queue.
        for ticket in others { ticket.release() }
        others = [try scheduler.reserve(tiles: 5, client: "a", visit: .first)]
        #expect(refusal(1, "a") != nil)
        withExtendedLifetime(others) {}
    }

    /// Each is told when those before it have been let in, and half as much again; a second is taken for a tile.
    @Test func theLineTellsWhenItsTurnIs() throws {
        let place = try scheduler.reserve(tiles: 13, client: "a")
        var told: [Double] = []
        for tiles in [4, 3, 5] {
            let first = try #require(refusal(tiles, "a"))
            #expect(first.retryAfterSeconds == 4)
            told.append(try #require(refusal(tiles, "a", .returned(first.promise?.id ?? 0))).retryAfterSeconds)
        }
        #expect(told == [6, 12, 16.5])
        place.release()
    }

    /// Callers that are refused once and never seen again, more than there are places in the line.
    @Test func whoWaitsIsNotKeptOutByThoseWhoDoNot() throws {
        let places = [try scheduler.reserve(tiles: 10, client: "a"), try scheduler.reserve(tiles: 5, client: "b")]
        let first = try #require(refusal(2, "waits")?.promise)
        for number in 0..<2000 { _ = refusal(1, "stranger \(number)") }
        let promise = try #require(refusal(2, "waits", .returned(first.id))?.promise)
        let late = try #require(refusal(2, "late")?.promise)
        let second = try #require(refusal(2, "late", .returned(late.id))?.promise)
        #expect(scheduler.checkInvariants() == [])
        for place in places { place.release() }
        let full = try scheduler.reserve(tiles: 5, client: "a", visit: .first)
        #expect(refusal(1, "another")?.held == 5)
        for (id, client) in [(promise.id, "waits"), (second.id, "late")] { #expect(refusal(2, client, .returned(id)) == nil) }
        full.release()
    }

    @Test func whatIsOverdueIsForgotten() throws {
        let place = try scheduler.reserve(tiles: 10, client: "a")
        let (one, two) = (try #require(refusal(4, "a")?.promise), try #require(refusal(1, "a")?.promise))
        let late = try #require(refusal(4, "a", .returned(one.id))?.promise)
        let onItsWay = try #require(refusal(1, "a", .returned(two.id))?.promise)
        scheduler.extend(promise: onItsWay.id, seconds: 20)
        place.release()
        usleep(UInt32((max(late.seconds, 3) + 0.2) * 1e6))
        let nine = try scheduler.reserve(tiles: 9, client: "a", visit: .first)
        #expect(refusal(1, "a")?.held == 1)
        #expect(refusal(4, "a", .returned(late.id)) != nil)
        #expect(refusal(1, "a", .returned(onItsWay.id)) == nil)
        nine.release()
    }

    @Test func whateverHappensItAddsUp() throws {
        var random = SeededRandom(seed: 5)
        var places: [QueueTicket] = []
        var promises: [(id: UInt64, client: String)] = []
        for round in 0..<3000 {
            let client = ["a", "b", "c"][random.integer(0...2)]
            if random.integer(0...3) == 0, !places.isEmpty { places.remove(at: random.integer(0...places.count - 1)).release() }
            let old = promises.isEmpty ? nil : promises[random.integer(0...promises.count - 1)]
            let visit: QueueVisit = [.first, old.map { .early($0.id) } ?? .first, old.map { .returned($0.id) } ?? .first][
                random.integer(0...2)]
            do { places.append(try scheduler.reserve(tiles: random.integer(1...12), client: old?.client ?? client, visit: visit)) } catch {
                if case .queueFull(let full) = error, let promise = full.promise { promises.append((promise.id, old?.client ?? client)) }
            }
            #expect(scheduler.checkInvariants() == [], "seed 5, round \(round)")
        }
        places = []
        #expect(scheduler.queuedTiles == 0)
    }
}
