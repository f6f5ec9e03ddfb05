import Synchronization
import Tiles

/// One accepted photo: what is known of it, and what works on it. All changes of state go through here, each once.
final class Job: Sendable {
    struct State {
        var record: JobRecord
        /// Finished tiles; empty once they are on disk.
        var tiles: [JobTile] = []
        /// Nil once the job has ended and is on disk.
        var log: EventLog?
        /// Nil before there is a model, and after the end.
        var plan: DeblurPlan?
        var wait: MemoryWait?
        var work: PhotoPipeline?
        var running: RunningWork?
        /// The result is what was written: it was written by this process, or its digest was compared.
        var isVerified = false
        /// Bytes that count against the limit of the spool.
        var bytes: Int
        /// When it came into the queue of this process.
        let queuedAt = ContinuousClock.now
        /// When it ended, by a clock that nobody sets.
        var endedAt: ContinuousClock.Instant?
        /// Whether it counts in the store's ledger.
        var isCounted = true
    }

    let id: JobID
    /// On whose account it is.
    let caller: String
    /// By its record as it came.
    let tiles: Int
    /// The process ended in the middle of its work: it is done alone, so that nobody else is blamed for another end.
    let isSuspect: Bool
    let state: Mutex<State>
    /// Held while the job's files are changed: one change after the other.
    let files = Mutex(())

    init(_ record: JobRecord, id: JobID, bytes: Int, plan: DeblurPlan? = nil) {
        self.id = id
        caller = record.caller ?? ""
        tiles = record.tiles
        isSuspect = (record.tries ?? 0) > 0
        var first = State(record: record, bytes: bytes)
        first.plan = plan
        // Its age as far as the clock on the wall tells; from now on that of the process counts.
        if let ended = record.finishedAt { first.endedAt = .now - .seconds(max(0, ended.secondsUntilNow)) }
        if !record.state.isFinal { first.log = EventLog() }
        state = Mutex(first)
    }

    var record: JobRecord { state.withLock { $0.record } }
    var log: EventLog? { state.withLock { $0.log } }

    /// Since its end; nil before.
    var secondsSinceEnd: Double? { state.withLock { $0.endedAt?.secondsUntilNow } }

    /// Nobody can ask it for anything any more but whether it was there.
    var isGone: Bool { state.withLock { $0.record.isExpired || $0.record.state == .cancelled } }

    // MARK: On the way

    /// Counts another try, or one less, and gives the record to be put on disk: of a job that is not running, as it has to
    /// be found after an end of the process. Nil when the job has ended.
    func record(countingTries more: Int) -> JobRecord? {
        state.withLock { state in
            guard !state.record.state.isFinal else { return nil }
            let tries = max(0, (state.record.tries ?? 0) + more)
            state.record.tries = tries > 0 ? tries : nil
            var record = state.record
            (record.state, record.startedAt, record.tilesDone, record.exits) = (.queued, nil, 0, [:])
            return record
        }
    }

    /// It has its model: how it will be worked on. False when it was cancelled meanwhile.
    func prepare(_ plan: DeblurPlan) -> Bool {
        state.withLock { state in
            guard state.record.state == .queued else { return false }
            state.plan = plan
            // Another model may have other tiles.
            state.record.tiles = plan.grid.count
            return true
        }
    }

    /// It has its memory. Nil when it was cancelled meanwhile.
    func begin() -> (plan: DeblurPlan, queueSeconds: Double)? {
        let begun = state.withLock { state -> (EventLog?, JobRecord, (DeblurPlan, Double))? in
            guard state.record.state == .queued, let plan = state.plan else { return nil }
            state.record.state = .running
            state.record.startedAt = .now
            state.wait = nil
            return (state.log, state.record, (plan, state.queuedAt.secondsUntilNow))
        }
        guard let (log, record, rest) = begun else { return nil }
        log?.append(.started, JobDocument(record, JobDocument.Moment()))
        return rest
    }

    /// What stops the wait for memory; withdrawn at once when the job was cancelled meanwhile.
    func hold(_ wait: MemoryWait) {
        let isQueued = state.withLock { state in
            guard state.record.state == .queued else { return false }
            state.wait = wait
            return true
        }
        if !isQueued { wait.withdraw() }
    }

    /// It is not begun in this process.
    func letGo() {
        let wait = state.withLock { state in
            defer { (state.wait, state.running) = (nil, nil) }
            return state.wait
        }
        wait?.withdraw()
    }

    /// What does the work; false when the job was cancelled meanwhile.
    func attach(_ work: PhotoPipeline) -> Bool {
        state.withLock { state in
            guard state.record.state == .running else { return false }
            state.work = work
            return true
        }
    }

    func add(_ tile: JobTile) {
        let news = state.withLock { state -> (EventLog?, TileDocument)? in
            guard state.record.state == .running else { return nil }
            state.tiles.append(tile)
            state.record.tilesDone = state.tiles.count
            state.record.exits[String(tile.exit), default: 0] += 1
            let progress = TileDocument.Progress(done: state.tiles.count, total: state.record.tiles)
            return (state.log, TileDocument(tile: tile, progress: progress))
        }
        if let (log, document) = news { log?.append(.tile, document) }
    }

    // MARK: The end

    /// The record that a success will have. Nil when the job has ended otherwise.
    func success(
        _ answer: DeblurAnswer, _ result: JobRecord.StoredFile, _ preview: JobRecord.StoredFile?
    ) -> (record: JobRecord, tiles: [JobTile])? {
        state.withLock { state in
            guard state.record.state == .running else { return nil }
            var record = state.record
            record.state = .succeeded
            record.finishedAt = .now
            record.input = nil
            (record.answer, record.result, record.preview) = (answer, result, preview)
            record.tries = nil
            return (record, state.tiles)
        }
    }

    /// The result is on disk. False when the job was cancelled meanwhile.
    func succeed(_ record: JobRecord) -> Bool {
        let ended = end { state in
            state.record = record
            state.isVerified = true
        }
        if ended { didStore(record) }
        return ended
    }

    /// False when it has ended before.
    func fail(_ problem: JobProblem) -> Bool {
        end { state in
            state.record.state = .failed
            state.record.error = problem
            state.record.input = nil
            state.record.finishedAt = .now
        }
    }

    /// False when it has ended before.
    func cancel() -> Bool {
        end { state in
            state.record.state = .cancelled
            state.record.input = nil
            state.record.finishedAt = .now
        }
    }

    /// Photo and result are to go. False when they have gone, or the job has not ended.
    func expire() -> Bool {
        state.withLock { state in
            guard state.record.state.isFinal, !state.record.isExpired else { return false }
            state.record.isExpired = true
            (state.record.input, state.record.result, state.record.answer) = (nil, nil, nil)
            state.record.preview = nil
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

    private func end(_ change: (inout State) -> Void) -> Bool {
        // What is let go of may call back: outside the lock.
        let ended = state.withLock { state -> (State, JobRecord)? in
            guard !state.record.state.isFinal else { return nil }
            let before = state
            change(&state)
            state.endedAt = .now
            (state.plan, state.wait, state.work, state.running) = (nil, nil, nil, nil)
            return (before, state.record)
        }
        guard let (before, record) = ended else { return false }
        before.log?.append(record.state.lastEvent, JobDocument(record), isLast: true)
        before.wait?.withdraw()
        if record.state == .cancelled { before.work?.cancel() }
        return true
    }
}
