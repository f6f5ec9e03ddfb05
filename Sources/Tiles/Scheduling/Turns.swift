import Synchronization

/// Who is next: the images at work, the workers, and what has been measured. Lives under the scheduler's lock.
struct Turns: @unchecked Sendable {
    // Safe to send: it is moved into the lock once and touched there only.

    /// Images of one lane, which take turns among themselves.
    struct Group {
        let lane: QueueLane
        /// In the order of their turns.
        var ring: [Restoration]
        /// Index in `ring` of whose turn it is.
        var cursor = 0

        /// The images from the next turn on.
        var inTurn: [Restoration] { Array(ring[cursor...] + ring[..<cursor]) }
    }

    /// Lanes take turns, and within a lane its images: whoever brings many images gets no more turns than who brings
    /// one.
    private(set) var groups: [Group] = []
    /// Index in `groups` of whose turn it is.
    private(set) var cursor = 0
    /// Waiting and reserved tiles of those whom the queue's limit bounds.
    private(set) var ledger: QueueLedger
    var promises = QueuePromises()
    /// Tiles that no worker has yet.
    private(set) var waitingTiles = 0 {
        didSet { hint.isAnyTileWaiting = waitingTiles > 0 }
    }
    /// Tiles of images that are being decoded.
    private(set) var reservedTiles = 0
    /// False once the scheduler takes no new images.
    var isOpen = true
    var throughput: Throughput
    /// By member of the team.
    var isLeading: [Bool]
    /// Workers that lead no tile. The one that was used last is used next, so that those beyond need are let go of.
    var idleWorkers: [IdleWorker] = []
    private let tilesAtOnce: Int
    private let runAhead: Int
    private let hint: WaitingHint

    struct IdleWorker {
        let worker: TileWorker
        let lastUsed: Double
    }

    init(configuration: TileScheduler.Configuration, hint: WaitingHint) {
        self.hint = hint
        ledger = QueueLedger(limit: configuration.queueLimit)
        throughput = Throughput(assumedSecondsPerTile: configuration.assumedSecondsPerTile)
        isLeading = Array(repeating: false, count: configuration.threads)
        tilesAtOnce = configuration.tilesAtOnce
        runAhead = configuration.runAhead
    }

    var busyWorkers: Int { isLeading.count { $0 } }

    /// Images that have not ended.
    var ring: [Restoration] { groups.flatMap(\.ring) }

    /// The new image's first turn comes after everybody else's next one in its lane, a new lane's after every other's.
    mutating func join(_ restoration: Restoration) {
        if let index = groups.firstIndex(where: { $0.lane == restoration.lane }) {
            groups[index].ring.insert(restoration, at: groups[index].cursor)
            groups[index].cursor = (groups[index].cursor + 1) % groups[index].ring.count
        } else {
            groups.insert(Group(lane: restoration.lane, ring: [restoration]), at: cursor)
            cursor = (cursor + 1) % groups.count
        }
        waitingTiles += restoration.grid.count
        ledger.add(restoration.grid.count, to: restoration.lane)
    }

    /// Reserves places for an image that is being decoded.
    mutating func reserve(_ tiles: Int, in lane: QueueLane) {
        reservedTiles += tiles
        ledger.add(tiles, to: lane)
    }

    /// Gives reserved places back.
    mutating func giveBack(_ tiles: Int, of lane: QueueLane) {
        reservedTiles -= tiles
        ledger.remove(tiles, from: lane)
    }

    /// What a worker is to do for an image.
    enum Turn: Sendable {
        /// Go on encoding it as a whole.
        case encoding
        case tile(Int)
    }

    /// Takes the next turn: of the image whose turn it is, or of the next one that has something to hand out.
    mutating func next() -> (restoration: Restoration, turn: Turn)? {
        guard waitingTiles > 0, busyWorkers < tilesAtOnce else { return nil }
        for step in 0..<groups.count {
            let index = (cursor + step) % groups.count
            guard let restoration = nextImage(of: index) else { continue }
            cursor = (index + 1) % groups.count
            restoration.workers += 1
            if restoration.encodingState.isForTurn {
                restoration.encodingState = .running
                return (restoration, .encoding)
            }
            restoration.nextTile += 1
            waitingTiles -= 1
            ledger.remove(1, from: restoration.lane)
            return (restoration, .tile(restoration.nextTile - 1))
        }
        return nil
    }

    /// The lane's next image that has something to hand out; the one after it is then next.
    private mutating func nextImage(of index: Int) -> Restoration? {
        let count = groups[index].ring.count
        for step in 0..<count {
            let place = (groups[index].cursor + step) % count
            let restoration = groups[index].ring[place]
            guard restoration.waitingTiles > 0, restoration.nextTile < restoration.committed + runAhead,
                restoration.encodingState != .running
            else { continue }
            groups[index].cursor = (place + 1) % count
            return restoration
        }
        return nil
    }

    /// No more tiles of this image are handed out.
    mutating func abandon(_ restoration: Restoration) {
        guard !restoration.isUnwanted else { return }
        waitingTiles -= restoration.waitingTiles
        ledger.remove(restoration.waitingTiles, from: restoration.lane)
        restoration.markUnwanted()
    }

    /// The image has ended.
    mutating func leave(_ restoration: Restoration) {
        guard let index = groups.firstIndex(where: { $0.lane == restoration.lane }),
            let place = groups[index].ring.firstIndex(where: { $0 === restoration })
        else { return }
        groups[index].ring.remove(at: place)
        if place < groups[index].cursor { groups[index].cursor -= 1 }
        if groups[index].cursor >= groups[index].ring.count { groups[index].cursor = 0 }
        guard groups[index].ring.isEmpty else { return }
        groups.remove(at: index)
        if index < cursor { cursor -= 1 }
        if cursor >= groups.count { cursor = 0 }
    }

    /// Violated invariants in words; empty when all hold.
    func checkInvariants() -> [String] {
        var violations: [String] = []
        func require(_ holds: Bool, _ what: String) {
            if !holds { violations.append(what) }
        }
        require(groups.isEmpty ? cursor == 0 : groups.indices.contains(cursor), "cursor \(cursor) of \(groups.count)")
        for group in groups {
            require(group.ring.indices.contains(group.cursor), "cursor \(group.cursor) of \(group.ring.count) in a lane")
            require(group.ring.allSatisfy { $0.lane == group.lane }, "an image in another's lane")
        }
        require(Set(groups.map(\.lane)).count == groups.count, "a lane has two turns")
        violations += ledger.checkInvariants() + promises.checkInvariants()
        let ring = ring
        let waiting = ring.reduce(0) { $0 + $1.waitingTiles }
        require(waiting == waitingTiles, "\(waiting) tiles wait, \(waitingTiles) are counted")
        let working = ring.reduce(0) { $0 + $1.workers }
        require(working == busyWorkers, "\(working) workers on images, \(busyWorkers) lead")
        require(working <= tilesAtOnce, "\(working) tiles at once")
        require(idleWorkers.count <= tilesAtOnce, "\(idleWorkers.count) idle workers")
        require(reservedTiles >= 0, "\(reservedTiles) reserved tiles")
        require(Set(ring.map { ObjectIdentifier($0) }).count == ring.count, "an image has two turns")
        for restoration in ring {
            require(!restoration.state.isFinal, "an ended image (\(restoration.state)) has a turn")
            let (committed, next) = (restoration.committed, restoration.nextTile)
            require(committed <= next && next <= restoration.grid.count, "tiles out of order")
            require(next <= committed + runAhead, "\(next - committed) tiles run ahead")
            require(restoration.pending.keys.allSatisfy { (committed..<next).contains($0) }, "a stray tile")
            require(restoration.records.count == committed, "a record per blended tile")
            require(!restoration.isCommitting || restoration.workers > 0, "blending without a worker")
            let hasBegun = next > 0 || ![.waiting, .notNeeded].contains(restoration.encodingState)
            require((restoration.state == .waiting) != hasBegun, "\(restoration.state) at tile \(next)")
            require(next == 0 || restoration.encodingState.letsTilesGo, "a tile before its image is encoded")
            require(
                restoration.encodingState != .running || restoration.workers == 1,
                "\(restoration.workers) workers encode an image")
        }
        return violations
    }
}

/// Whether a tile waits, readable without the scheduler's lock.
final class WaitingHint: Sendable {
    private let isWaiting = Atomic<Bool>(false)

    /// Written with the lock held, before the team is woken: a member that is woken for a tile sees it.
    var isAnyTileWaiting: Bool {
        get { isWaiting.load(ordering: .acquiring) }
        set { isWaiting.store(newValue, ordering: .releasing) }
    }
}
