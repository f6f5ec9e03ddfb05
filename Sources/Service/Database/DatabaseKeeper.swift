#if PostgreSQL
import Deblur
import Digests
import Dispatch
import Foundation
import HTTP
import JobDatabase
import Logging
import PostgreSQL
import Synchronization

/// Jobs in PostgreSQL, one queue for every replica. Each replica answers for every job, and takes the next one when it has room.
///
/// A job in work is held by a lease that is renewed; a replica that dies loses it, and the job is done again by another one, with
/// the same bytes. Statements run on the threads of a ``DatabasePool``; nothing here blocks but ``close()``.
final class DatabaseKeeper: JobKeeper {
    /// How long a replica may be silent before another one does its job.
    static let leaseSeconds = 30.0
    /// The most jobs that are remembered as gone.
    static let mostGone = 10_000

    let context: ServiceContext
    let pool: DatabasePool
    let ttlSeconds: Double
    private let limits: JobTables.Limits
    /// For people who look into the table.
    private let holder: String
    private let state = Mutex(State())
    nonisolated(unsafe) private var listener: DatabaseListener?
    nonisolated(unsafe) private let timer: any DispatchSourceTimer

    private struct State {
        var news: (@Sendable () -> Void)?
        /// Streams that follow a job.
        var streams: [String: [ObjectIdentifier: DatabaseEvents]] = [:]
        /// A stream that begins from now on ends after what is known.
        var areStreamsEnded = false
        var claims: [ObjectIdentifier: DatabaseClaim] = [:]
        var queued = 0
        var ticks = 0
        /// The listener has no connection.
        var isCutOff = false
        var isStopped = false
        var isClosed = false
    }

    /// Waits until the tables were looked at.
    ///
    /// - Throws: ``DatabaseError``, ``SchemaError`` where they are not those of this program.
    init(options: ServeOptions, settings: DatabaseSettings, context: ServiceContext) throws {
        self.context = context
        ttlSeconds = options.resultTTLSeconds
        limits = JobTables.Limits(bytes: options.spoolLimitBytes, jobsOfClient: JobLedger.Limits(bytes: 0).jobs)
        holder = "\(options.replica ?? ProcessInfo.processInfo.hostName) \(ProcessInfo.processInfo.processIdentifier)"
        pool = DatabasePool(settings) { failure in
            if let failure {
                context.logger.error("the database cannot be reached", metadata: ["error": "\(failure)"])
            } else {
                context.logger.notice("the database is there again")
            }
        }
        let first = try DatabaseConnection(settings)
        if options.migrates { _ = try Schema.migrate(first) }
        try Schema.check(first)
        for state in JobState.allCases { context.metrics.jobs(state.rawValue).set(0) }
        for state in JobState.allCases where state.isFinal { context.metrics.jobsEnded(state.rawValue).add(0) }
        timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + 1, repeating: 1, leeway: .milliseconds(100))
        timer.setEventHandler { [weak self] in self?.tick() }
        timer.resume()
        listener = DatabaseListener(settings, channels: [JobTables.channel]) { [weak self] in self?.hear($0) }
    }

    deinit { timer.cancel() }

    var isDurable: Bool { true }
    var trouble: String? { pool.failure != nil || state.withLock { $0.isCutOff } ? "the database is away" : nil }

    // MARK: Calls

    /// Does `work` on a connection; a failure becomes a problem for the client.
    func ask<Value>(
        _ answer: @escaping JobAnswer<Value>, _ work: @escaping @Sendable (DatabaseConnection) throws -> Value
    ) {
        pool.perform(within: 10, work) { [self] result in answer(result.mapError { problem(for: $0) }) }
    }

    func problem(for error: any Error) -> Problem {
        if let problem = error as? Problem { return problem }
        if let refusal = error as? StoreRefusal {
            switch refusal {
            case .jobs(let limit, let actual): return .tooManyJobs(limit: limit, actual: actual, retryAfterSeconds: 60)
            case .bytes(let limit, let actual):
                return .insufficientStorage(
                    "The service keeps as many jobs as it may.", limit: limit, actual: actual, retryAfterSeconds: 60)
            case .exists: return .internalError
            }
        }
        context.metrics.spoolErrors("read").add()
        guard let error = error as? DatabaseError, error.isTransient else {
            context.logger.error("the database refused", metadata: ["error": "\(error)"])
            return .internalError
        }
        if error.isFullDisk {
            context.logger.error("the database has no room", metadata: ["error": "\(error)"])
            return .insufficientStorage("The service's database has no room.", retryAfterSeconds: 60)
        }
        return .loading("The service's database is away. Jobs wait; photos are answered as ever.")
    }

    // MARK: Coming in and asking

    func accept(_ job: NewJob, _ answer: @escaping JobAnswer<JobView>) {
        let most = self.limits
        let limits = job.mostJobs.map { JobTables.Limits(bytes: most.bytes, jobsOfClient: $0, isExact: true) } ?? most
        ask({ [context] (result: Result<JobView, Problem>) in
            if case .success = result { context.metrics.jobsAccepted.add() }
            answer(result)
        }) { connection in
            let waiting = try JobTables.waiting(connection)
            let place = JobPlace(ahead: waiting.ahead, meanTiles: waiting.meanTiles)
            let event = JobDocument(job.record, JobDocument.Moment(etaSeconds: job.eta(place), position: place.ahead))
            try JobTables.accept(
                connection,
                AcceptedJob(
                    id: job.id.text, client: job.record.caller ?? "", record: Self.text(job.record),
                    bytes: job.photo.count + job.resultBytes, memory: job.record.memoryBytes, tiles: job.record.tiles,
                    event: String(decoding: JSON.encode(event), as: UTF8.self)),
                photo: Array(job.photo), limits: limits)
            return JobView(id: job.id, record: job.record, place: place)
        }
    }

    func find(_ id: JobID, for owner: JobOwner, _ answer: @escaping JobAnswer<JobView>) {
        ask(answer) { connection in
            let (job, file) = try Self.stored(id, connection, for: owner)
            guard file.record.state == .queued else { return JobView(id: id, record: file.record, place: nil) }
            let waiting = try JobTables.waiting(connection, before: job.number)
            return JobView(id: id, record: file.record, place: JobPlace(ahead: waiting.ahead, meanTiles: waiting.meanTiles))
        }
    }

    func list(_ query: JobListQuery, _ answer: @escaping JobAnswer<JobPage>) {
        ask(answer) { connection in
            let last = try query.after.map { id in
                guard let job = try JobTables.find(connection, id.text, of: query.accounts) else { throw Problem.noSuchPage }
                return job.number
            }
            let found = try JobTables.list(
                connection, clients: query.accounts, state: query.state?.rawValue, before: last, limit: query.limit + 1)
            let queued = found.filter { $0.state == JobState.queued.rawValue }
            let ahead = queued.isEmpty ? [:] : try JobTables.ahead(connection, of: queued.map(\.number))
            let meanTiles = queued.isEmpty ? 0 : try JobTables.waiting(connection).meanTiles
            let page = found.prefix(query.limit)
            // One that cannot be read has a problem of its own, not the list.
            let views = page.compactMap { job -> JobView? in
                guard let id = JobID(job.id), let record = try? Self.record(of: job) else { return nil }
                // One that is claimed and not begun waits still.
                if let state = query.state, record.state != state { return nil }
                return JobView(id: id, record: record, place: ahead[job.number].map { JobPlace(ahead: $0, meanTiles: meanTiles) })
            }
            return JobPage(jobs: views, next: found.count > query.limit ? page.last.flatMap { JobID($0.id) } : nil)
        }
    }

    func events(of id: JobID, _ answer: @escaping JobAnswer<any JobEvents>) {
        ask(answer) { [self] connection in
            _ = try Self.stored(id, connection)
            return DatabaseEvents(of: id, keeper: self)
        }
    }

    func exits(of id: JobID, withPreview: Bool, _ answer: @escaping JobAnswer<JobExits>) {
        ask(answer) { connection in
            let (_, file) = try Self.stored(id, connection)
            let tiles =
                file.record.state.isFinal
                ? file.tiles
                : try JobTables.events(connection, of: id.text, after: 0, limit: .max)
                    .filter { $0.name == JobEvent.Name.tile.rawValue }
                    .map { try JSONDecoder().decode(JobTile.self, from: Data($0.data.utf8)) }
            var exits = JobExits(record: file.record, tiles: tiles)
            if withPreview, file.record.preview != nil { exits.preview = try JobTables.bytes(connection, .preview, of: id.text) }
            return exits
        }
    }

    func result(of id: JobID, _ answer: @escaping JobAnswer<any StoredBytes>) {
        ask(answer) { [self] connection in
            let (_, file) = try Self.stored(id, connection)
            // Whoever reads it already has it whole; nobody begins when its time is over.
            guard let stored = file.record.result, file.record.finishedAt.map({ $0.secondsUntilNow < ttlSeconds }) ?? true else {
                throw Problem.expired
            }
            return DatabaseBytes(id: id, count: stored.bytes, keeper: self)
        }
    }

    func delete(_ id: JobID, for owner: JobOwner, forgetting: Bool, _ answer: @escaping JobAnswer<Void>) {
        let seconds = ttlSeconds
        ask(answer) { [context] connection in
            // A job that ends between the look and the deed is looked at again; it ends but once.
            for _ in 0..<2 {
                guard let job = try JobTables.find(connection, id.text, of: owner.accounts) else { throw Problem.noSuchJob }
                var file = (try? Self.file(job, id)) ?? JobFile(record: Self.lostRecord(of: job), tiles: [])
                guard file.record.cancel() else {
                    if file.record.state != .cancelled, file.record.expire() {
                        _ = try JobTables.expire(connection, id.text, record: Self.text(file.record), seconds: SpoolKeeper.tombstoneSeconds)
                    }
                    break
                }
                let event = String(decoding: JSON.encode(JobDocument(file.record)), as: UTF8.self)
                if try JobTables.cancel(
                    connection, id.text, record: Self.text(file.record), event: (JobEvent.Name.cancelled.rawValue, event), seconds: seconds)
                {
                    context.metrics.jobsEnded(JobState.cancelled.rawValue).add()
                    if job.state == "queued" { context.metrics.cancelled("queue").add() }
                    break
                }
            }
            if forgetting { try JobTables.remove(connection, id.text) }
        }
    }

    // MARK: Records

    /// - Throws: ``Problem`` 404, or 410 for what has expired.
    static func stored(
        _ id: JobID, _ connection: DatabaseConnection, for owner: JobOwner = .anybody
    ) throws -> (StoredJob, JobFile) {
        guard let job = try JobTables.find(connection, id.text, of: owner.accounts) else { throw Problem.noSuchJob }
        let file = try file(job, id)
        if file.record.isExpired { throw Problem.expired }
        return (job, file)
    }

    /// The row's state counts: a lease that ended brought a job back to the queue without anybody who could rewrite its record.
    static func file(_ job: StoredJob, _ id: JobID) throws -> JobFile {
        var file = try JSONDecoder().decode(JobFile.self, from: Data(job.record.utf8))
        correct(&file.record, by: job)
        return file
    }

    /// Without its tiles, which may be many.
    private static func record(of job: StoredJob) throws -> JobRecord {
        struct Part: Decodable { var record: JobRecord }
        var part = try JSONDecoder().decode(Part.self, from: Data(job.record.utf8))
        correct(&part.record, by: job)
        return part.record
    }

    /// What is left of a job whose record cannot be read: whose it is, and its state.
    private static func lostRecord(of job: StoredJob) -> JobRecord {
        var record = JobRecord(
            id: job.id, createdAt: .now, width: 1, height: 1, tiles: 1, parameters: ["format": "png"], workBytes: 1,
            requestID: RequestID.random(), model: "", caller: job.client)
        let state = JobState(rawValue: job.state) ?? .failed
        guard state.isFinal else { return record }
        (record.state, record.finishedAt) = (state, .now)
        if state == .failed { record.error = JobProblem(Problem.unreadable, requestID: record.requestID) }
        return record
    }

    private static func correct(_ record: inout JobRecord, by job: StoredJob) {
        if job.state == "queued", record.state == .running { record.requeue() }
        record.tries = job.tries > 0 ? job.tries : nil
    }

    static func text(_ record: JobRecord, _ tiles: [JobTile] = []) -> String {
        String(decoding: JSON.encode(JobFile(record: record, tiles: tiles)), as: UTF8.self)
    }

    // MARK: Turns

    var queuedJobs: Int { state.withLock { $0.queued } }

    func onNews(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.news = body } }

    private func tell() { state.withLock { $0.isStopped ? nil : $0.news }?() }

    func claim(within room: JobRoom, _ answer: @escaping @Sendable ((any ClaimedJob)?) -> Void) {
        guard !state.withLock({ $0.isStopped }) else { return answer(nil) }
        let holder = holder
        pool.perform(within: 5) { connection -> (StoredJob, Lease)? in
            try JobTables.claim(
                connection, holder: holder, seconds: Self.leaseSeconds, memory: room.bytes ?? .max, untried: !room.takesSuspects)
        } completion: { [self] (result: Result<(StoredJob, Lease)?, any Error>) in
            guard case .success(let taken?) = result else { return answer(nil) }
            // In place of one that is not to be done the next.
            guard let claim = take(taken.0, taken.1) else { return self.claim(within: room, answer) }
            answer(claim)
        }
    }

    /// - Returns: nil where it is not to be done any more.
    private func take(_ job: StoredJob, _ lease: Lease) -> DatabaseClaim? {
        do {
            guard let id = JobID(job.id) else { throw DatabaseError.value("the name of a job") }
            var record = try Self.file(job, id).record
            // It begins anew, whatever was done of it before; the try that was just counted is not over.
            record.requeue()
            record.tries = job.tries > 1 ? job.tries - 1 : nil
            let claim = DatabaseClaim(id, record, lease, keeper: self)
            if record.isAbandoned {
                claim.fail(Problem.abandoned)
                return nil
            }
            let isStopped = state.withLock { state in
                if !state.isStopped { state.claims[ObjectIdentifier(claim)] = claim }
                return state.isStopped
            }
            if isStopped { claim.giveBack() }
            return isStopped ? nil : claim
        } catch {
            context.logger.error("a job in the database cannot be read", metadata: ["job": "\(job.id)", "error": "\(error)"])
            // Another release may read it: it is left to its lease until its tries are used up.
            if job.tries >= JobRecord.mostTries { giveUp(job, lease) }
            return nil
        }
    }

    /// Ends a job whose record nobody can read.
    private func giveUp(_ job: StoredJob, _ lease: Lease) {
        var record = Self.lostRecord(of: job)
        guard record.fail(JobProblem(Problem.unreadable, requestID: record.requestID)) else { return }
        let (text, event) = (Self.text(record), String(decoding: JSON.encode(JobDocument(record)), as: UTF8.self))
        pool.perform(within: 5) { [ttlSeconds] in
            try JobTables.finish(
                $0, lease, state: JobState.failed.rawValue, record: text, files: [], event: (JobEvent.Name.failed.rawValue, event),
                seconds: ttlSeconds)
        } completion: { [context] (result: Result<Bool, any Error>) in
            if case .success(true) = result { context.metrics.jobsEnded(JobState.failed.rawValue).add() }
        }
    }

    func letGo(_ claim: DatabaseClaim) { _ = state.withLock { $0.claims.removeValue(forKey: ObjectIdentifier(claim)) } }

    // MARK: News

    private func hear(_ event: DatabaseListener.Event) {
        switch event {
        case .connected:
            state.withLock { $0.isCutOff = false }
            // Whatever was said meanwhile was missed.
            for stream in state.withLock({ $0.streams.values.flatMap(\.values) }) { stream.tell() }
            tell()
        case .notified(let notification):
            let words = notification.payload.split(separator: " ")
            guard let kind = words.first else { return }
            if kind == "queue" { return tell() }
            guard words.count == 2 else { return }
            let id = String(words[1])
            let (streams, claims) = state.withLock { state in
                (Array((state.streams[id] ?? [:]).values), state.claims.values.filter { $0.id.text == id })
            }
            for stream in streams { stream.tell() }
            if kind == "end" { for claim in claims { claim.renew() } }
        case .lost(let error):
            state.withLock { $0.isCutOff = true }
            context.logger.debug("the listener's connection is lost", metadata: ["error": "\(error)"])
        }
    }

    func add(_ stream: DatabaseEvents) {
        let areEnded = state.withLock { state in
            state.streams[stream.id.text, default: [:]][ObjectIdentifier(stream)] = stream
            return state.areStreamsEnded
        }
        if areEnded { stream.shut() }
    }

    func remove(_ stream: DatabaseEvents) {
        state.withLock { state in
            state.streams[stream.id.text]?[ObjectIdentifier(stream)] = nil
            if state.streams[stream.id.text]?.isEmpty ?? false { state.streams[stream.id.text] = nil }
        }
    }

    /// Once a second: leases are renewed, those of others looked at, results that had their time removed.
    private func tick() {
        let (ticks, claims) = state.withLock { state in
            state.ticks += 1
            return (state.ticks, state.isClosed ? [] : Array(state.claims.values))
        }
        if ticks % Int(Self.leaseSeconds / 3) == 0 { for claim in claims { claim.renew() } }
        guard ticks % 5 == 0, !state.withLock({ $0.isClosed }) else { return }
        pool.perform(within: 5) { [self] connection in
            let lost = try JobTables.requeueLost(connection)
            if lost > 0 { context.logger.notice("jobs are queued again: nobody renewed their leases", metadata: ["jobs": "\(lost)"]) }
            try expireDue(connection)
            _ = try JobTables.forget(connection, most: Self.mostGone)
            let queued = try JobTables.waiting(connection).ahead
            state.withLock { $0.queued = queued }
            // A notification may have been missed.
            if queued > 0 { tell() }
        } completion: { _ in
        }
    }

    /// Results may come to their end faster than one look finds them.
    private func expireDue(_ connection: DatabaseConnection) throws {
        let (end, most) = (ContinuousClock.now + .seconds(3), 100)
        var count = most
        while count == most, .now < end {
            count = try JobTables.expireDue(connection, limit: most, seconds: SpoolKeeper.tombstoneSeconds) { job in
                var record = (try? Self.record(of: job)) ?? Self.lostRecord(of: job)
                return record.expire() ? Self.text(record) : nil
            }
        }
    }

    // MARK: Numbers and the end

    func updateGauges(_ done: @escaping @Sendable () -> Void) {
        pool.perform(within: 1) {
            (try JobTables.counts($0), try JobTables.totalBytes($0))
        } completion: { [context] (result: Result<([String: Int], Int), any Error>) in
            if case .success((let counts, let bytes)) = result {
                context.metrics.spoolBytes.set(Double(bytes))
                for state in JobState.allCases { context.metrics.jobs(state.rawValue).set(Double(counts[state.rawValue] ?? 0)) }
            }
            done()
        }
    }

    func endStreams(ofQueuedOnly: Bool) {
        // Any replica can go on with them.
        let streams = state.withLock { state in
            state.areStreamsEnded = true
            return state.streams.values.flatMap(\.values)
        }
        for stream in streams { stream.shut() }
    }

    func stop() {
        let claims = state.withLock { state in
            state.isStopped = true
            return Array(state.claims.values)
        }
        endStreams(ofQueuedOnly: false)
        for claim in claims where !claim.isBegun { claim.giveBack() }
    }

    func close() {
        let claims = state.withLock { state in
            (state.isStopped, state.isClosed) = (true, true)
            defer { state.claims = [:] }
            return Array(state.claims.values)
        }
        timer.cancel()
        listener?.stop()
        // What is not done here is done elsewhere, and at once.
        for claim in claims { try? pool.sync(within: 2) { try JobTables.release($0, claim.lease) } }
        // With what was given back a moment ago: nobody else would begin it before its lease has ended.
        pool.stop(finishing: 2)
    }
}
#endif
