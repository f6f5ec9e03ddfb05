/// How a client comes to the queue that will wait, and come back, where there is no room for it.
public enum QueueVisit: Sendable, Equatable {
    case first
    /// Sooner than it was told. Nothing changes for it. With the id of its promise.
    case early(UInt64)
    /// After the time that it was told, and before its promise ended.
    case returned(UInt64)

    var promise: UInt64? {
        switch self {
        case .first: nil
        case .early(let id), .returned(let id): id
        }
    }
}

/// The line of those who were refused and for whom room is held, the first one first. Lives under the scheduler's lock.
///
/// Who comes back in time has shown that it waits: room is then held for it against everybody who did not. The first refusal of a
/// client holds room against other clients only, so that one that knows nothing of promises does not stand in its own way.
///
/// Held tiles count as if they waited, with the client whose they are: they take no more of the queue from others than that client's
/// photos could. All of them together take half of the queue at most, so that workers have tiles though nobody comes back.
struct QueuePromises: Sendable {
    private struct Entry: Sendable {
        var id: UInt64
        let lane: QueueLane
        let tiles: Int
        var isProven: Bool
        /// By the clock of the process.
        var end: ContinuousClock.Instant

        var client: String {
            if case .waiting(let client, _) = lane { client } else { "" }
        }
        var isSmall: Bool {
            if case .waiting(_, let isSmall) = lane { isSmall } else { false }
        }
    }

    /// Most promises that room is held for: of one client, and of all.
    static let mostOfClient = 64
    static let most = 1024
    /// Nobody in the line is told more seconds: what was measured may change, and a client that sleeps cannot be called.
    static let longestWait = 30.0

    private var line: [Entry] = []
    /// What waits in the line are lengthened by: more after each client that came when it was told and found no room, less after each
    /// that did find it. So that few come in vain, also where estimates are too short, as they are when a rush begins: tiles were measured
    /// in peace. The room is held meanwhile, workers have the rest of the queue.
    private var caution = firstCaution
    private static let firstCaution = 1.5

    mutating func forgetOverdue(_ now: ContinuousClock.Instant) {
        if line.contains(where: { $0.end < now }) { line.removeAll { $0.end < now } }
    }

    func holds(_ id: UInt64) -> Bool { line.contains { $0.id == id } }

    /// It was let in.
    mutating func keep(_ id: UInt64) {
        guard let place = line.firstIndex(where: { $0.id == id }) else { return }
        if line.remove(at: place).isProven { caution = max(1, caution * 0.97) }
    }

    /// It is on its way: it counts until then at least.
    mutating func extend(_ id: UInt64, until end: ContinuousClock.Instant) {
        guard let place = line.firstIndex(where: { $0.id == id }) else { return }
        line[place].end = max(line[place].end, end)
    }

    /// The queue as somebody finds it for whom no room is held: what is held against it seems to wait.
    ///
    /// - Parameter own: a promise that is its own.
    func adding(to ledger: QueueLedger, against client: String, but own: UInt64?) -> QueueLedger {
        var seen = ledger
        var (large, small) = (ledger.limit / 2, ledger.keptForSmall / 2)
        for entry in line where entry.id != own && (entry.isProven || entry.client != client) {
            let tiles = min(entry.tiles, entry.isSmall ? small : large)
            seen.add(tiles, to: entry.lane)
            if entry.isSmall { small -= tiles } else { large -= tiles }
        }
        return seen
    }

    /// Tiles for which room is held before that of a promise, or of all, in its part of the queue.
    func tilesAhead(of id: UInt64?, isSmall: Bool) -> Int {
        line.prefix { $0.id != id }.reduce(0) { $0 + ($1.isSmall == isSmall && $1.isProven ? $1.tiles : 0) }
    }

    /// Makes, or renews, what a refused client comes back with.
    ///
    /// - Parameters:
    ///   - now: when it is refused.
    ///   - wait: the seconds that it is told, by its place in the line; nil: for one that has none.
    mutating func promise(
        _ tiles: Int, in lane: QueueLane, _ visit: QueueVisit, now: ContinuousClock.Instant, wait: (_ ahead: Int?) -> Double
    ) -> (promise: QueuePromise, wait: Double) {
        let id = UInt64.random(in: 1 ... .max)
        if line.isEmpty { caution = max(caution, Self.firstCaution) }
        guard case .waiting(let client, let isSmall) = lane else { return (QueuePromise(id: id, seconds: 0), 0) }
        var place: Int?
        if case .returned(let old) = visit {
            place = line.firstIndex { $0.id == old }
            if place == nil, line.count(where: { $0.client == client }) < Self.mostOfClient {
                // Who waits comes before those of whom it is not known.
                if line.count == Self.most, let last = line.lastIndex(where: { !$0.isProven }) { line.remove(at: last) }
                if line.count < Self.most {
                    line.append(Entry(id: old, lane: lane, tiles: tiles, isProven: true, end: now))
                    place = line.count - 1
                }
            }
        } else if line.count < Self.most, !line.contains(where: { $0.client == client }) {
            line.append(Entry(id: id, lane: lane, tiles: tiles, isProven: false, end: now))
            place = line.count - 1
        }
        guard let place else {
            let seconds = wait(nil)
            return (QueuePromise(id: id, seconds: Self.life(afterWaiting: seconds)), seconds)
        }
        // Each is good for one return.
        line[place].id = id
        if case .returned = visit {
            if line[place].isProven, line[place].end > now { caution = min(3, caution * 1.1) }
            line[place].isProven = true
        }
        let isProven = line[place].isProven
        let seconds = isProven ? min(Self.longestWait, caution * wait(tilesAhead(of: id, isSmall: isSmall))) : wait(nil)
        let life = Self.life(afterWaiting: seconds)
        line[place].end = now + .seconds(life)
        return (QueuePromise(id: id, seconds: life), seconds)
    }

    /// A client is told whole seconds, at least one, and may be late by half of them.
    private static func life(afterWaiting seconds: Double) -> Double {
        let told = min(3600, max(1, seconds.rounded(.up)))
        return told + min(15, max(2, told / 2))
    }

    func checkInvariants() -> [String] {
        var violations: [String] = []
        if line.count > Self.most { violations.append("\(line.count) promises") }
        for (client, entries) in Dictionary(grouping: line, by: \.client) {
            if entries.count > Self.mostOfClient { violations.append("\(entries.count) promises of \(client)") }
            if entries.count(where: { !$0.isProven }) > 1 { violations.append("two first promises of \(client)") }
        }
        if Set(line.map(\.id)).count != line.count { violations.append("a promise twice") }
        return violations
    }
}
