import Digests
import Foundation
import HTTP
import Logging
import Synchronization
import Tiles

/// All jobs of this process by their names, and their files. What takes a disk runs on ``disk``, never on an event
/// loop.
///
/// The table holds a job from its acceptance until nobody needs to be told any more that it is gone: results expire
/// after `--result-ttl`, the memory of them a day later.
final class JobStore: Sendable {
    /// Threads that wait for the medium.
    let disk: OperationQueue
    let context: RequestContext
    let replica: String?
    let ttlSeconds: Double
    /// Nil where there was no room for a temporary one: no jobs then.
    let spool: JobSpool?
    let table: Mutex<Table>
    let isClosed = Atomic(false)
    // Safe to share: it is only ever cancelled, which any thread may do.
    nonisolated(unsafe) private let sweeper: any DispatchSourceTimer

    struct Table {
        var jobs: [JobID: Job] = [:]
        /// What ``Job/State/bytes`` add up to, and who has how many.
        var ledger: JobLedger
    }

    /// For how long 410 is told from 404 after a result has expired.
    static let tombstoneSeconds = 86_400.0

    /// - Throws: ``DiskError``, ``SpoolFailure`` where `--state-dir` cannot be used.
    init(options: ServeOptions, context: RequestContext, disk files: any SpoolDisk) throws {
        self.context = context
        replica = options.replica
        ttlSeconds = options.resultTTLSeconds
        table = Mutex(Table(ledger: JobLedger(limits: JobLedger.Limits(bytes: options.spoolLimitBytes))))
        disk = OperationQueue()
        disk.name = "spool"
        disk.maxConcurrentOperationCount = 4
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
        sweeper.resume()
    }

    deinit { sweeper.cancel() }

    /// Whether jobs survive this process.
    var isDurable: Bool { spool?.isDurable ?? false }

    /// Takes in what the last process left behind.
    ///
    /// - Returns: the jobs that are still to be done, oldest first.
    func recover() -> [Job] {
        guard let recovery = spool?.recover() else { return [] }
        for entry in recovery.damaged {
            context.metrics.spoolErrors("recover").add()
            context.logger.error("a spooled job is damaged and was set aside", metadata: ["entry": "\(entry)"])
        }
        let jobs = recovery.records.map { id, record in
            let files = [record.input, record.result, record.preview]
            return Job(record, id: id, bytes: files.reduce(0) { $0 + ($1?.bytes ?? 0) })
        }
        table.withLock { table in
            for job in jobs {
                table.jobs[job.id] = job
                table.ledger.recover(job.caller, bytes: job.state.withLock { $0.bytes })
            }
        }
        for job in jobs where job.isGone { bury(job) }
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
        return open
    }

    /// - Throws: ``Problem`` 404; 410 for what has expired.
    func find(_ text: String) throws(Problem) -> Job {
        guard let id = JobID(text), let job = table.withLock({ $0.jobs[id] }) else { throw .noSuchJob }
        if job.record.isExpired { throw .expired }
        return job
    }

    /// Like ``find(_:)``, expired ones too.
    func findAny(_ text: String) throws(Problem) -> Job {
        guard let id = JobID(text), let job = table.withLock({ $0.jobs[id] }) else { throw .noSuchJob }
        return job
    }

    // MARK: Acceptance

    /// Puts a new job on disk. Blocks.
    ///
    /// - Parameter resultBytes: room that its result may need.
    /// - Throws: ``Problem`` 507.
    func accept(
        _ record: JobRecord, id: JobID, photo: ArraySlice<UInt8>, plan: DeblurPlan, resultBytes: Int
    ) throws(Problem) -> Job {
        guard let spool else {
            throw .insufficientStorage("The service has no folder to keep jobs in.", retryAfterSeconds: 60)
        }
        let bytes = photo.count + resultBytes
        let job = Job(record, id: id, bytes: bytes, plan: plan)
        // Reserved before it is written, so that many at once do not overrun the limit together.
        let refusal: SpoolFailure? = table.withLock { table in
            do throws(SpoolFailure) { try table.ledger.open(job.caller, bytes: bytes) } catch { return error }
            return nil
        }
        do {
            if let refusal { throw refusal }
            try spool.accept(record, photo: photo, id: id)
        } catch {
            if refusal == nil {
                table.withLock { table in
                    table.ledger.change(job.caller, bytes: -bytes)
                    table.ledger.close(job.caller)
                }
            }
            throw problem(for: error, "accept")
        }
        table.withLock { $0.jobs[id] = job }
        return job
    }

    /// 507, counted and logged with what the operator needs to know.
    func problem(for error: any Error, _ operation: String) -> Problem {
        context.metrics.spoolErrors(operation).add()
        if case SpoolFailure.full(let limit, let actual) = error {
            return .insufficientStorage(
                "The service keeps as many jobs as it may.", limit: limit, actual: actual,
                retryAfterSeconds: secondsToNextExpiry)
        }
        context.logger.error("the state folder cannot be written", metadata: ["error": "\(error)"])
        return .insufficientStorage(
            (error as? DiskError)?.publicReason ?? "The state folder cannot be written.", retryAfterSeconds: 30)
    }

    /// A job is gone: from now on only its name is kept, and not for long where many follow it.
    func bury(_ job: Job) {
        let forgotten = table.withLock { table -> [Job] in
            guard close(job, in: &table) else { return [] }
            return table.ledger.bury(job.id).compactMap { table.jobs[$0] }
        }
        for job in forgotten { disk.addOperation { [self] in forget(job) } }
    }

    /// Forgets a job: nobody is told of it any more. Blocks.
    func forget(_ job: Job) {
        _ = job.files.withLock { _ in try? spool?.remove(job.id) }
        table.withLock { table in
            guard table.jobs.removeValue(forKey: job.id) != nil else { return }
            close(job, in: &table)
            table.ledger.change(job.caller, bytes: -job.state.withLock { $0.bytes })
        }
    }

    /// False when it did not count any more.
    @discardableResult
    private func close(_ job: Job, in table: inout Table) -> Bool {
        let isCounted = job.state.withLock { state in
            defer { state.isCounted = false }
            return state.isCounted
        }
        if isCounted { table.ledger.close(job.caller) }
        return isCounted
    }

    // MARK: Numbers

    /// Of a job that has ended, or whose result has gone.
    func setBytes(of job: Job, to bytes: Int) {
        table.withLock { table in
            guard table.jobs[job.id] === job else { return }
            let more = job.state.withLock { state in
                defer { state.bytes = bytes }
                return bytes - state.bytes
            }
            table.ledger.change(job.caller, bytes: more)
        }
    }

    /// Counts the jobs; when somebody asks, because it looks at each.
    func updateGauges() {
        let (jobs, bytes) = table.withLock { (Array($0.jobs.values), $0.ledger.bytes) }
        var counts: [JobState: Int] = [:]
        for job in jobs {
            let record = job.record
            if !record.isExpired { counts[record.state, default: 0] += 1 }
        }
        for state in JobState.allCases { context.metrics.jobs(state.rawValue).set(Double(counts[state] ?? 0)) }
        context.metrics.spoolBytes.set(Double(bytes))
    }

    /// When the first of the jobs that count will be gone.
    private var secondsToNextExpiry: Int {
        let jobs = table.withLock { Array($0.jobs.values) }
        let oldest = jobs.compactMap { $0.isGone ? nil : $0.secondsSinceEnd }.max() ?? 0
        return Int(min(3600, max(1, (ttlSeconds - oldest).rounded(.up))))
    }
}

extension DiskError {
    /// What a client may know.
    var publicReason: String {
        switch code {
        case ENOSPC, EDQUOT: "The state folder is full."
        case EROFS, EACCES, EPERM: "The state folder is read-only."
        default: "The state folder cannot be written."
        }
    }
}
