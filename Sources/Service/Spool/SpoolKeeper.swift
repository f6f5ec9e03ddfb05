import Digests
import Foundation
import HTTP
import Logging
import Synchronization

/// Jobs in a table in memory, with their files in a ``JobSpool``. What takes a disk runs on ``disk``, never on an event
/// loop.
///
/// The table holds a job from its acceptance until nobody needs to be told any more that it is gone: results expire
/// after `--result-ttl`, the memory of them a day later.
final class SpoolKeeper: JobKeeper {
    /// Threads that wait for the medium.
    let disk: OperationQueue
    /// Ends that had no room are tried again one by one: two at a time could fill, together, what is enough for each.
    let retries: OperationQueue
    /// One list after the other, so that nobody who asks for many keeps files waiting.
    let lists: OperationQueue
    let context: ServiceContext
    let ttlSeconds: Double
    /// Nil where there was no room for a temporary one: no jobs then.
    let spool: JobSpool?
    let table: Mutex<Table>
    /// One photo after the other asks for its room, so that one that is refused is never in the way of another. Waits for the medium: held
    /// on ``disk`` alone.
    private let door = Mutex(())
    let isClosed = Atomic(false)
    private let news = Mutex<(@Sendable () -> Void)?>(nil)
    // Safe to share: it is only ever cancelled, which any thread may do.
    nonisolated(unsafe) private let sweeper: any DispatchSourceTimer

    struct Table {
        var jobs = SpoolIndex()
        /// What ``SpoolJob/State/bytes`` add up to, and who has how many.
        var ledger: JobLedger
        /// What jobs that have not ended need of the medium.
        var ends = RoomForEnds()
        /// What photos that are being written take of it, bytes.
        var arriving = 0
        /// Ends that had no room, and will be tried again.
        var endsWithoutRoom = 0
        var queue = JobQueue()
        /// Out of the queue and not begun.
        var claimed: [SpoolJob] = []
        var isStopped = false

        var turns: SpoolTurns { SpoolTurns(queue: queue, claimed: claimed) }
    }

    /// For how long 410 is told from 404 after a result has expired.
    static let tombstoneSeconds = 86_400.0

    /// Takes the folder, and what the last process left behind in it.
    ///
    /// - Throws: ``DiskError``, ``SpoolFailure`` where `--state-dir` cannot be used.
    init(options: ServeOptions, context: ServiceContext, disk files: any SpoolDisk) throws {
        self.context = context
        ttlSeconds = options.resultTTLSeconds
        table = Mutex(Table(ledger: JobLedger(limits: JobLedger.Limits(bytes: options.spoolLimitBytes))))
        disk = OperationQueue()
        disk.name = "spool"
        disk.maxConcurrentOperationCount = 4
        retries = OperationQueue()
        retries.name = "ends of jobs that had no room"
        retries.maxConcurrentOperationCount = 1
        lists = OperationQueue()
        lists.name = "lists of jobs"
        lists.maxConcurrentOperationCount = 1
        if let folder = options.stateFolder {
            try files.makeFolder(folder)
            spool = try JobSpool(folder: URL(filePath: folder).standardizedFileURL.path, disk: files)
        } else {
            do { spool = try JobSpool.temporary(disk: files) } catch {
                context.logger.warning(
                    "no jobs: there is no state folder and no room for temporary files",
                    metadata: ["error": "\(error)"])
                spool = nil
            }
        }
        for state in JobState.allCases { context.metrics.jobs(state.rawValue).set(0) }
        for state in JobState.allCases where state.isFinal { context.metrics.jobsEnded(state.rawValue).add(0) }
        sweeper = DispatchSource.makeTimerSource(queue: .global())
        let period = min(max(ttlSeconds / 4, 0.05), 15)
        sweeper.schedule(deadline: .now() + period, repeating: period, leeway: .milliseconds(50))
        sweeper.setEventHandler { [weak self] in self?.sweep() }
        recover()
        sweeper.resume()
    }

    deinit { sweeper.cancel() }

    /// A medium that is full says so to whoever brings a job.
    var trouble: String? { nil }
    var isDurable: Bool { spool?.isDurable ?? false }

    /// Takes in what the last process left behind. Those that may be to blame for its end come last.
    private func recover() {
        guard let recovery = spool?.recover() else { return }
        for entry in recovery.damaged {
            context.metrics.spoolErrors("recover").add()
            context.logger.error("a spooled job is damaged and was set aside", metadata: ["entry": "\(entry)"])
        }
        let jobs = recovery.records.map { id, record in
            let files = [record.input, record.result, record.preview].reduce(0) { $0 + ($1?.bytes ?? 0) }
            guard !record.state.isFinal else { return SpoolJob(record, id: id, bytes: files) }
            // Its result needs room as if it came now. Nearly all have three bytes for a pixel.
            return SpoolJob(record, id: id, bytes: files + record.width * record.height * 3)
        }
        table.withLock { table in
            for job in jobs {
                table.jobs.add(job)
                table.ledger.recover(job.caller, bytes: job.state.withLock { $0.bytes })
                if !job.record.state.isFinal { table.expectEnd(of: job, bytes: job.record.endBytes) }
            }
        }
        for job in jobs where job.record.isGone { bury(job) }
        let open = jobs.filter { !$0.record.state.isFinal }
        for (index, job) in open.enumerated() {
            job.log?.append(.queued, JobDocument(job.record, JobDocument.Moment(position: index)))
        }
        if !jobs.isEmpty || !recovery.damaged.isEmpty {
            context.logger.notice(
                "jobs were found in the state folder",
                metadata: [
                    "unfinished": "\(open.count)", "finished": "\(jobs.count - open.count)",
                    "damaged": "\(recovery.damaged.count)",
                ])
        }
        for job in open where job.record.isAbandoned { fail(job, Problem.abandoned) }
        let queued = open.filter { !$0.record.state.isFinal }
        table.withLock { table in
            for job in queued.filter({ !$0.isSuspect }) + queued.filter(\.isSuspect) { table.queue.add(job) }
        }
    }

    // MARK: Coming in

    func accept(_ new: NewJob, _ answer: @escaping JobAnswer<JobView>) {
        disk.addOperation { [self] in
            let job: SpoolJob
            do throws(Problem) { job = try store(new) } catch { return answer(.failure(error)) }
            context.metrics.jobsAccepted.add()
            if !isDurable {
                let work = context.beginWork()
                job.state.withLock { $0.running = work }
            }
            let place = table.withLock { $0.turns.placeOfNext }
            job.log?.append(
                .queued, JobDocument(job.record, JobDocument.Moment(etaSeconds: new.eta(place), position: place.ahead)))
            table.withLock { $0.queue.add(job) }
            tell()
            answer(.success(view(of: job)))
        }
    }

    /// Puts a new job on disk. Blocks.
    private func store(_ new: NewJob) throws(Problem) -> SpoolJob {
        guard let spool else {
            throw .insufficientStorage("The service has no folder to keep jobs in.", retryAfterSeconds: 60)
        }
        let job = SpoolJob(new.record, id: new.id, bytes: new.photo.count + new.resultBytes)
        do {
            try open(job, mostJobs: new.mostJobs)
            do {
                let arriving = try makeRoom(for: job, photoBytes: new.photo.count, spool)
                defer { table.withLock { $0.arriving -= arriving } }
                try spool.accept(new.record, photo: new.photo, id: new.id)
            } catch {
                table.withLock { table in
                    table.didEnd(job)
                    table.ledger.change(job.caller, bytes: -job.state.withLock { $0.bytes })
                    table.ledger.close(job.caller)
                }
                throw error
            }
        } catch {
            throw problem(for: error, "accept", caller: job.caller)
        }
        table.withLock { $0.jobs.add(job) }
        return job
    }

    /// Reserves what it may take of `--spool-limit`, before it is written, so that many at once do not overrun the limit together.
    private func open(_ job: SpoolJob, mostJobs: Int?) throws(SpoolFailure) {
        let result = table.withLock { table -> Result<Void, SpoolFailure> in
            Result { () throws(SpoolFailure) in
                try table.ledger.open(job.caller, bytes: job.state.withLock { $0.bytes }, mostJobs: mostJobs)
            }
        }
        try result.get()
    }

    /// Reserves what its photo and its end may take of the medium. Blocks.
    ///
    /// - Returns: what counts as ``Table/arriving`` until the photo is written.
    /// - Throws: ``SpoolFailure``; nothing is reserved then.
    private func makeRoom(for job: SpoolJob, photoBytes: Int, _ spool: JobSpool) throws(SpoolFailure) -> Int {
        let (photoBytes, endBytes) = (photoBytes + Self.fileBytes, job.record.endBytes)
        let result = door.withLock { _ -> Result<Void, SpoolFailure> in
            let (arriving, largest, isWaiting) = table.withLock { ($0.arriving, $0.ends.largest, $0.endsWithoutRoom > 0) }
            return Result { () throws(SpoolFailure) in
                if isWaiting { throw .resultsWait }
                try spool.check(room: arriving + photoBytes + max(largest, endBytes))
                table.withLock { table in
                    table.arriving += photoBytes
                    table.expectEnd(of: job, bytes: endBytes)
                }
            }
        }
        try result.get()
        return photoBytes
    }

    /// Folder, record and the rest of the photo's last block.
    private static let fileBytes = 16 << 10

    /// 507, counted and logged with what the operator needs to know.
    func problem(for error: any Error, _ operation: String, caller: String? = nil) -> Problem {
        if case SpoolFailure.allOfCaller(let limit, let actual) = error {
            return .tooManyJobs(limit: limit, actual: actual, retryAfterSeconds: secondsToNextExpiry(of: caller))
        }
        context.metrics.spoolErrors(operation).add()
        if case SpoolFailure.full(let limit, let actual) = error {
            return .insufficientStorage(
                "The service keeps as many jobs as it may.", limit: limit, actual: actual,
                retryAfterSeconds: secondsToNextExpiry(of: nil))
        }
        context.logger.error("the state folder cannot be written", metadata: ["error": "\(error)"])
        let reason = (error as? DiskError)?.publicReason ?? (error as? SpoolFailure)?.publicReason
        return .insufficientStorage(reason ?? "The state folder cannot be written.", retryAfterSeconds: 30)
    }

    // MARK: Turns

    var queuedJobs: Int { table.withLock { $0.queue.count } }

    func onNews(_ body: @escaping @Sendable () -> Void) { news.withLock { $0 = body } }

    /// There may be something to claim.
    func tell() { news.withLock { $0 }?() }

    func claim(within room: JobRoom, _ answer: @escaping @Sendable ((any ClaimedJob)?) -> Void) {
        let job = table.withLock { table -> SpoolJob? in
            guard let first = table.queue.first, room.fits(first.record, isSuspect: first.isSuspect) else { return nil }
            _ = table.queue.takeFirst()
            table.claimed.append(first)
            return first
        }
        answer(job.map { SpoolClaim($0, of: self) })
    }

    /// A claimed job is not begun now: it comes first again. One that was begun is left as it is, for the next process.
    func putBack(_ job: SpoolJob) {
        table.withLock { table in
            guard table.unclaim(job), job.record.state == .queued, !table.isStopped else { return }
            table.queue.add(job, isFirst: true)
        }
    }

    func stop() {
        let (waiting, jobs) = table.withLock { table in
            table.isStopped = true
            defer { (table.queue, table.claimed) = (JobQueue(), []) }
            return (table.queue.all + table.claimed, table.jobs.all)
        }
        // They are not begun in this process.
        for job in waiting { job.state.withLock { $0.running = nil } }
        for job in jobs { job.log?.shut() }
    }

    func endStreams(ofQueuedOnly: Bool) {
        let jobs = table.withLock { ofQueuedOnly ? $0.queue.all + $0.claimed : $0.jobs.all }
        for job in jobs { job.log?.shut() }
    }

    // MARK: Numbers

    /// A job is gone: from now on only its name is kept, and not for long where many follow it.
    func bury(_ job: SpoolJob) {
        let forgotten = table.withLock { table -> [SpoolJob] in
            guard close(job, in: &table) else { return [] }
            return table.ledger.bury(job.id).compactMap { table.jobs[$0] }
        }
        for job in forgotten { disk.addOperation { [self] in forget(job) } }
    }

    /// Forgets a job: nobody is told of it any more. Blocks.
    func forget(_ job: SpoolJob) {
        _ = job.files.withLock { _ in try? spool?.remove(job.id) }
        table.withLock { table in
            guard table.remove(job) else { return }
            close(job, in: &table)
            table.ledger.change(job.caller, bytes: -job.state.withLock { $0.bytes })
        }
    }

    /// False when it did not count any more.
    @discardableResult
    private func close(_ job: SpoolJob, in table: inout Table) -> Bool {
        let isCounted = job.state.withLock { state in
            defer { state.isCounted = false }
            return state.isCounted
        }
        if isCounted { table.ledger.close(job.caller) }
        return isCounted
    }

    /// Of a job that has ended, or whose result has gone.
    func setBytes(of job: SpoolJob, to bytes: Int) {
        table.withLock { table in
            guard table.jobs[job.id] === job else { return }
            table.didEnd(job)
            let more = job.state.withLock { state in
                defer { state.bytes = bytes }
                return bytes - state.bytes
            }
            table.ledger.change(job.caller, bytes: more)
        }
    }

    func updateGauges(_ done: @escaping @Sendable () -> Void) {
        let (jobs, bytes) = table.withLock { ($0.jobs.all, $0.ledger.bytes) }
        var counts: [JobState: Int] = [:]
        for job in jobs {
            let record = job.record
            if !record.isExpired { counts[record.state, default: 0] += 1 }
        }
        for state in JobState.allCases { context.metrics.jobs(state.rawValue).set(Double(counts[state] ?? 0)) }
        context.metrics.spoolBytes.set(Double(bytes))
        done()
    }

    /// When the first of the jobs that count, of one caller or of all, will be gone.
    private func secondsToNextExpiry(of caller: String?) -> Int {
        let jobs = table.withLock { table in caller.map { table.jobs.jobs(of: $0) } ?? table.jobs.all }
        let oldest = jobs.compactMap { $0.record.isGone ? nil : $0.secondsSinceEnd }.max() ?? 0
        return Int(min(3600, max(1, (ttlSeconds - oldest).rounded(.up))))
    }
}

extension SpoolKeeper.Table {
    /// False when it was not there.
    mutating func remove(_ job: SpoolJob) -> Bool {
        guard jobs.remove(job) else { return false }
        didEnd(job)
        return true
    }

    /// Its end needs so much of the medium, at most.
    mutating func expectEnd(of job: SpoolJob, bytes: Int) {
        ends.add(bytes)
        job.state.withLock { $0.endBytes = bytes }
    }

    /// What its end needs of the medium it has, or it will never need it.
    mutating func didEnd(_ job: SpoolJob) {
        let needed = job.state.withLock { state in
            defer { state.endBytes = nil }
            return state.endBytes
        }
        if let needed { ends.remove(needed) }
        note(job, lacksRoom: false)
    }

    /// Whether its end was tried and had no room.
    mutating func note(_ job: SpoolJob, lacksRoom: Bool) {
        let didLack = job.state.withLock { state in
            defer { state.lacksRoom = lacksRoom }
            return state.lacksRoom
        }
        if didLack != lacksRoom { endsWithoutRoom += lacksRoom ? 1 : -1 }
    }

    /// False when it was not claimed, or is begun.
    mutating func unclaim(_ job: SpoolJob) -> Bool {
        guard let index = claimed.firstIndex(where: { $0 === job }) else { return false }
        claimed.remove(at: index)
        return true
    }
}

extension SpoolFailure {
    /// What a client may know.
    fileprivate var publicReason: String? {
        switch self {
        case .noRoom, .resultsWait: "The state folder is full."
        case .damaged, .inUse, .full, .allOfCaller: nil
        }
    }
}

extension DiskError {
    var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// What a client may know.
    var publicReason: String {
        switch code {
        case _ where isFull: "The state folder is full."
        case EROFS, EACCES, EPERM: "The state folder is read-only."
        default: "The state folder cannot be written."
        }
    }
}
