/// Who has how many of the waiting tiles that the queue's limit bounds, and who may have more.
///
/// As long as one client waits alone it may fill the queue. Where several wait, each counts with half of the queue at
/// most and gets no more than that, so that one large photo does not close the door for everybody else; and an eighth
/// of the queue is for small images alone. Lives under the scheduler's lock.
struct QueueLedger: Sendable {
    private struct Count {
        var large = 0
        var small = 0
        var isEmpty: Bool { large == 0 && small == 0 }
    }

    /// Tiles that may wait.
    let limit: Int
    private var clients: [String: Count] = [:]
    /// Tiles of images that are not small, and of small ones.
    private(set) var large = 0
    private(set) var small = 0

    init(limit: Int) { self.limit = limit }

    var tiles: Int { large + small }
    /// Most tiles of a small image. None is small in a short queue.
    private var smallImage: Int { limit / 32 }
    /// Tiles that wait of small images whatever else does.
    var keptForSmall: Int { limit / 8 }

    func lane(client: String, tiles: Int, limited: Bool) -> QueueLane {
        limited ? .waiting(client: client, isSmall: tiles <= smallImage) : .accepted
    }

    mutating func add(_ tiles: Int, to lane: QueueLane) {
        guard case .waiting(let client, let isSmall) = lane, tiles != 0 else { return }
        var count = clients[client] ?? Count()
        if isSmall {
            count.small += tiles
            small += tiles
        } else {
            count.large += tiles
            large += tiles
        }
        clients[client] = count.isEmpty ? nil : count
    }

    mutating func remove(_ tiles: Int, from lane: QueueLane) { add(-tiles, to: lane) }

    /// Tiles of its lane that have to go before an image is admitted; nil when it is now.
    func surplus(for lane: QueueLane) -> Int? {
        guard case .waiting(let client, let isSmall) = lane, tiles > 0 else { return nil }
        let own = clients[client] ?? Count()
        let isAlone = own.large == large
        let share = isAlone ? limit : limit / 2
        let counted = isAlone ? large : clients.values.reduce(0) { $0 + min($1.large, share) }
        let over: Int
        if isSmall {
            guard counted + small >= limit else { return nil }
            let kept = own.small == small ? keptForSmall : max(1, keptForSmall / 2)
            over = min(own.small == small ? small - kept : max(own.small - kept, small - keptForSmall), counted + small - limit)
        } else {
            over = max(counted + max(0, small - keptForSmall) - limit, own.large - share)
        }
        return over >= 0 ? over + 1 : nil
    }

    /// Whether a client has its part of that lane while others wait, too.
    func hasItsShare(_ lane: QueueLane) -> Bool {
        guard case .waiting(let client, let isSmall) = lane, let own = clients[client] else { return false }
        return isSmall ? own.small < small && own.small >= max(1, keptForSmall / 2) : own.large < large && own.large >= max(1, limit / 2)
    }

    /// Whether more small images come than there are tiles for.
    var isPressedBySmall: Bool { small > 0 && small >= keptForSmall }

    func checkInvariants() -> [String] {
        let sums = clients.values.reduce((0, 0)) { ($0.0 + $1.large, $0.1 + $1.small) }
        var violations: [String] = []
        if sums != (large, small) { violations.append("\(sums) tiles of clients, \((large, small)) are counted") }
        if clients.values.contains(where: { $0.large < 0 || $0.small < 0 || $0.isEmpty }) {
            violations.append("a client with no tiles, or fewer")
        }
        return violations
    }
}

/// With whom an image shares its turns and its part of the queue.
enum QueueLane: Hashable, Sendable {
    /// It waits with an open connection and counts against the queue's limit; small ones have a part of their own.
    case waiting(client: String, isSmall: Bool)
    /// It is bounded elsewhere: jobs, command lines.
    case accepted
}
