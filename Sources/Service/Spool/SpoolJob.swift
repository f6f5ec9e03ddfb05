import Synchronization

/// A job of the spool, as it is in memory. All changes of its record go through here.
final class SpoolJob: Sendable {
    struct State {
        var record: JobRecord
        /// Finished tiles; empty once they are on disk.
        var tiles: [JobTile] = []
        /// Nil once the job has ended and is on disk.
        var log: EventLog?
        /// Made anew of what is on disk, for as long as somebody reads it.
        weak var replay: EventLog?
        /// Whoever works on it hears here that it is not to be done any more.
        var onLoss: (@Sendable () -> Void)?
        /// Where it does not survive the process: a drain waits for it.
        var running: RunningWork?
        /// The result is what was written: it was written by this process, or its digest was compared.
        var isVerified = false
        /// Bytes that count against the limit of the spool.
        var bytes: Int
        /// Room on the medium that its end needs at most; nil before the photo is taken in, and once the end is on disk. Changed under
        /// the table's lock, as the next one.
        var endBytes: Int?
        /// The end was tried and had no room.
        var lacksRoom = false
        /// When it came into the queue of this process.
        let queuedAt = ContinuousClock.now
        /// When it ended, by a clock that nobody sets.
        var endedAt: ContinuousClock.Instant?
        /// Whether it counts in the keeper's ledger.
        var isCounted = true
    }

    let id: JobID
    /// On whose account it is.
    let caller: String
    /// By its record as it came.
    let tiles: Int
    let createdAt: JobTime
    /// See ``ClaimedJob/isSuspect``.
    let isSuspect: Bool
    let state: Mutex<State>
    /// Its place in its caller's line of the queue, which alone sets it: they ascend.
    let number = Atomic(0)
    /// Held while the job's files are changed: one change after the other.
    let files = Mutex(())

    init(_ record: JobRecord, id: JobID, bytes: Int) {
        self.id = id
        caller = record.caller ?? ""
        tiles = record.tiles
        createdAt = record.createdAt
        isSuspect = (record.tries ?? 0) > 0
        var first = State(record: record, bytes: bytes)
        // Its age as far as the clock on the wall tells; from now on that of the process counts.
        if let ended = record.finishedAt { first.endedAt = .now - .seconds(max(0, ended.secondsUntilNow)) }
        if !record.state.isFinal { first.log = EventLog() }
        state = Mutex(first)
    }

    var record: JobRecord { state.withLock { $0.record } }
    var log: EventLog? { state.withLock { $0.log } }

    /// Since its end; nil before.
    var secondsSinceEnd: Double? { state.withLock { $0.endedAt?.secondsUntilNow } }

    // MARK: On the way

    /// See ``JobRecord/countTries(_:)``.
    func countTries(_ more: Int) -> JobRecord? { state.withLock { $0.record.countTries(more) } }

    /// The seconds it has waited; nil when it was cancelled meanwhile.
    func begin(tiles: Int) -> Double? {
        let begun = state.withLock { state -> (EventLog?, JobRecord, Double)? in
            guard state.record.begin(tiles: tiles) else { return nil }
            return (state.log, state.record, state.queuedAt.secondsUntilNow)
        }
        guard let (log, record, seconds) = begun else { return nil }
        log?.append(.started, JobDocument(record, JobDocument.Moment()))
        return seconds
    }

    func add(_ tile: JobTile) {
        let news = state.withLock { state -> (EventLog?, TileDocument)? in
            guard state.record.finish(tile) else { return nil }
            state.tiles.append(tile)
            let progress = TileDocument.Progress(done: state.tiles.count, total: state.record.tiles)
            return (state.log, TileDocument(tile: tile, progress: progress))
        }
        if let (log, document) = news { log?.append(.tile, document) }
    }

    // MARK: The end

    /// The record on disk is that of a success. False when the job was cancelled meanwhile.
    func succeed(_ record: JobRecord) -> Bool {
        let ended = end { state in
            guard state.record.state == .running else { return false }
            (state.record, state.isVerified) = (record, true)
            return true
        }
        if ended { didStore(record) }
        return ended
    }

    /// False when it has ended before, as with the others.
    func fail(_ problem: JobProblem) -> Bool { end { $0.record.fail(problem) } }

    func cancel() -> Bool { end { $0.record.cancel() } }

    /// Photo and result are to go. False when they have gone, or the job has not ended.
    func expire() -> Bool {
        state.withLock { state in
            guard state.record.expire() else { return false }
            state.tiles = []
            return true
        }
    }

    /// The record is on disk: what it holds is not needed in memory any more.
    func didStore(_ record: JobRecord) {
        state.withLock { state in
            guard state.record == record else { return }
            state.tiles = []
            state.log = nil
        }
    }

    private func end(_ change: (inout State) -> Bool) -> Bool {
        // What is let go of may call back: outside the lock.
        let ended = state.withLock { state -> (State, JobRecord)? in
            let before = state
            guard change(&state) else { return nil }
            state.endedAt = .now
            (state.onLoss, state.running) = (nil, nil)
            return (before, state.record)
        }
        guard let (before, record) = ended else { return false }
        before.log?.append(record.state.lastEvent, JobDocument(record), isLast: true)
        if record.state == .cancelled { before.onLoss?() }
        return true
    }
}

/// A job of the spool that is being worked on.
final class SpoolClaim: ClaimedJob {
    private let job: SpoolJob
    private let keeper: SpoolKeeper

    init(_ job: SpoolJob, of keeper: SpoolKeeper) {
        self.job = job
        self.keeper = keeper
    }

    var id: JobID { job.id }
    var record: JobRecord { job.record }
    var isSuspect: Bool { job.isSuspect }

    func onLoss(_ body: @escaping @Sendable () -> Void) {
        let isLost = job.state.withLock { state in
            if !state.record.state.isFinal { state.onLoss = body }
            return state.record.state.isFinal
        }
        if isLost { body() }
    }

    func photo(_ answer: @escaping JobAnswer<[UInt8]>) { keeper.photo(of: job, answer) }
    func begin(tiles: Int, _ answer: @escaping @Sendable (JobBeginning) -> Void) { keeper.begin(job, tiles: tiles, answer) }
    func add(_ tile: JobTile) { job.add(tile) }
    func succeed(_ product: PhotoPipeline.Product, _ answer: DeblurAnswer, _ over: @escaping @Sendable () -> Void) {
        keeper.succeed(job, product, answer, over: over)
    }
    func fail(_ error: any Error) { keeper.fail(job, error) }
    func giveBack() { keeper.putBack(job) }
    func takeBackTry() { keeper.takeBackTry(job) }
}
