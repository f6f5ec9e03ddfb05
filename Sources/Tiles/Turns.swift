/// Who is next: the images at work, the workers, and what has been measured. Lives under the scheduler's lock.
struct Turns: @unchecked Sendable {
    // Safe to send: it is moved into the lock once and touched there only.

    /// Images that have not ended, in the order of their turns.
    private(set) var ring: [Restoration] = []
    /// Index in `ring` of whose turn it is.
    private(set) var cursor = 0
    /// Tiles that no worker has yet.
    private(set) var waitingTiles = 0 {
        didSet { hint.isAnyTileWaiting = waitingTiles > 0 }
    }
    /// Tiles of images that are being decoded.
    var reservedTiles = 0
    /// False once the scheduler takes no new images.
    var isOpen = true
    var throughput: Throughput
    var seats: [Seat]
    private let runAhead: Int
    private let hint: WaitingHint

    /// A member of the team.
    struct Seat {
        /// Made for its first tile. Used outside the lock by the member itself while `isLeading`.
        var worker: TileWorker?
        var isLeading = false
        var lastUsed = 0.0
    }

    init(configuration: TileScheduler.Configuration, hint: WaitingHint) {
        self.hint = hint
        throughput = Throughput(assumedSecondsPerTile: configuration.assumedSecondsPerTile)
        seats = Array(repeating: Seat(), count: configuration.threads)
        runAhead = configuration.runAhead
    }

    var busyWorkers: Int { seats.count { $0.isLeading } }

    /// The new image's first turn comes after everybody else's next one.
    mutating func join(_ job: Restoration) {
        ring.insert(job, at: cursor)
        cursor = (cursor + 1) % ring.count
        waitingTiles += job.grid.count
    }

    /// What a worker is to do for an image.
    enum Turn: Sendable {
        /// Go on encoding it as a whole.
        case encoding
        case tile(Int)
    }

    /// Takes the next turn: of the image whose turn it is, or of the next one that has something to hand out.
    mutating func next() -> (job: Restoration, turn: Turn)? {
        guard waitingTiles > 0 else { return nil }
        for step in 0..<ring.count {
            let index = (cursor + step) % ring.count
            let job = ring[index]
            guard job.waitingTiles > 0, job.nextTile < job.committed + runAhead, job.encodingState != .running else {
                continue
            }
            cursor = (index + 1) % ring.count
            job.workers += 1
            if job.encodingState.isForTurn {
                job.encodingState = .running
                return (job, .encoding)
            }
            job.nextTile += 1
            waitingTiles -= 1
            return (job, .tile(job.nextTile - 1))
        }
        return nil
    }

    /// No more tiles of this image are handed out.
    mutating func abandon(_ job: Restoration) {
        guard !job.isUnwanted else { return }
        waitingTiles -= job.waitingTiles
        job.markUnwanted()
    }

    /// The image has ended.
    mutating func leave(_ job: Restoration) {
        guard let index = ring.firstIndex(where: { $0 === job }) else { return }
        ring.remove(at: index)
        if index < cursor { cursor -= 1 }
        if cursor >= ring.count { cursor = 0 }
    }

    /// Violated invariants in words; empty when all hold.
    func checkInvariants() -> [String] {
        var violations: [String] = []
        func require(_ holds: Bool, _ what: String) {
            if !holds { violations.append(what) }
        }
        require(ring.isEmpty ? cursor == 0 : ring.indices.contains(cursor), "cursor \(cursor) of \(ring.count)")
        let waiting = ring.reduce(0) { $0 + $1.waitingTiles }
        require(waiting == waitingTiles, "\(waiting) tiles wait, \(waitingTiles) are counted")
        let working = ring.reduce(0) { $0 + $1.workers }
        require(working == busyWorkers, "\(working) workers on images, \(busyWorkers) lead")
        require(reservedTiles >= 0, "\(reservedTiles) reserved tiles")
        require(Set(ring.map { ObjectIdentifier($0) }).count == ring.count, "an image has two turns")
        for job in ring {
            require(!job.state.isFinal, "an ended image (\(job.state)) has a turn")
            require(job.committed <= job.nextTile && job.nextTile <= job.grid.count, "tiles out of order")
            require(job.nextTile <= job.committed + runAhead, "\(job.nextTile - job.committed) tiles run ahead")
            require(job.pending.keys.allSatisfy { (job.committed..<job.nextTile).contains($0) }, "a stray tile")
            require(job.records.count == job.committed, "a record per blended tile")
            require(!job.isCommitting || job.workers > 0, "blending without a worker")
            let hasBegun = job.nextTile > 0 || ![.waiting, .notNeeded].contains(job.encodingState)
            require((job.state == .waiting) != hasBegun, "\(job.state) at tile \(job.nextTile)")
            require(job.nextTile == 0 || job.encodingState.letsTilesGo, "a tile before its image is encoded")
            require(job.encodingState != .running || job.workers == 1, "\(job.workers) workers encode an image")
        }
        return violations
    }
}
