import Digests
import Dispatch
import Foundation
import HTTP
import Images
import Logging
import Synchronization
import Tiles

/// The jobs that are to be done, in the order in which they came.
///
/// A queued job holds no place in the tile queue and no pixel; its caller's jobs take turns with those of the others. One
/// job at a time waits for memory, so that photos that came with a waiting client never stand behind more than one; jobs
/// in work take at most half of the memory budget together, unless one alone needs more. Their tiles take turns with
/// everybody else's.
///
/// That a job is begun is on disk before its work is. One in whose middle the process has ended is done alone, and after
/// three such ends it is given up.
final class JobRunner: Sendable {
    let store: JobStore
    let context: RequestContext
    private let works: DispatchGroup
    let state = Mutex(State())

    struct State {
        var engine: Engine?
        var recovered: [Job] = []
        var queue = JobQueue()
        /// Waits for memory: out of the queue, not running.
        var waiting: Job?
        var running: [JobID: (job: Job, bytes: Int)] = [:]
        /// No job is begun for a moment: the medium does not take that it is.
        var isPaused = false
        /// No job is begun any more.
        var isHeld = false
        var isStopped = false
        var areTriesTakenBack = false

        var runningBytes: Int { running.values.reduce(0) { $0 + $1.bytes } }

        /// The next job, if it may wait for its memory now.
        func next(limit: Int) -> (job: Job, bytes: Int)? {
            guard !isHeld, !isPaused, waiting == nil, let first = queue.first, let bytes = first.memoryBytes else {
                return nil
            }
            if running.isEmpty { return (first, bytes) }
            let isAlone = first.isSuspect || running.values.contains { $0.job.isSuspect }
            return isAlone || runningBytes + bytes > limit / 2 ? nil : (first, bytes)
        }
    }

    /// - Parameter works: entered for each job that a drain has to wait for.
    init(store: JobStore, context: RequestContext, works: DispatchGroup) {
        self.store = store
        self.context = context
        self.works = works
        let recovered = store.recover()
        for job in recovered where job.record.tries ?? 0 >= JobRecord.mostTries { fail(job, Problem.abandoned) }
        let open = recovered.filter { !$0.record.state.isFinal }
        // Those that may be to blame for an end come last.
        state.withLock { $0.recovered = open.filter { !$0.isSuspect } + open.filter(\.isSuspect) }
    }

    // MARK: Coming in

    /// Takes in a photo. Blocks until it is on disk.
    ///
    /// - Parameters:
    ///   - photo: its file.
    ///   - caller: see ``Callers``.
    /// - Throws: ``Problem``.
    func accept(
        _ photo: ArraySlice<UInt8>, _ plan: DeblurPlan, requestID: String, caller: String
    ) throws -> Job {
        guard let engine = state.withLock({ $0.engine }) else { throw Problem.loading("The model is being loaded.") }
        let bytes = plan.bytes + photo.count
        guard bytes <= engine.memory.photoLimit else {
            throw engine.problem(for: .tooLarge(limit: engine.memory.photoLimit, actual: bytes))
        }
        let id = JobID.random(replica: store.replica)
        var parameters = plan.parameters
        parameters.format = plan.format == .jpeg ? .jpeg : .png
        let record = JobRecord(
            id: id.text, createdAt: .now, width: plan.header.width, height: plan.header.height, tiles: plan.grid.count,
            parameters: Dictionary(uniqueKeysWithValues: parameters.items.map { ($0.name, $0.value) }),
            workBytes: plan.bytes, requestID: requestID, model: engine.model.reference, caller: caller,
            input: .init(bytes: photo.count, digest: SHA256.hash(photo).hex))
        let job = try store.accept(
            record, id: id, photo: photo, plan: plan, resultBytes: plan.header.rasterBytes)
        context.metrics.jobsAccepted.add()
        if !store.isDurable { keepWorking(for: job) }
        enqueue(job)
        return job
    }

    /// The model is there: the jobs that the last process left behind take their turns with those that come.
    func begin(with engine: Engine) {
        let jobs = state.withLock { state in
            state.engine = engine
            defer { state.recovered = [] }
            return state.recovered
        }
        store.disk.addOperation { [self] in
            for job in jobs where !state.withLock({ $0.isStopped }) { readmit(job, engine) }
        }
    }

    private func readmit(_ job: Job, _ engine: Engine) {
        do {
            let record = job.record
            let photo = try store.photo(of: job)
            let plan = try DeblurPlan(
                photo.span.bytes, record.savedParameters(), accepted: AcceptedTypes(HTTPHeaders()), engine: engine)
            if record.model != engine.model.reference {
                context.logger.notice(
                    "a job is done with another model than it came for",
                    metadata: ["job": "\(job.id)", "then": "\(record.model)", "now": "\(engine.model.reference)"])
            }
            guard job.prepare(plan) else { return }
            if !store.isDurable { keepWorking(for: job) }
            state.withLock { $0.queue.add(job) }
            advance()
        } catch {
            fail(job, error)
        }
    }

    private func enqueue(_ job: Job) {
        let position = state.withLock { $0.queue.count + ($0.waiting == nil ? 0 : 1) }
        let eta = estimate(ahead: position, of: job)
        job.log?.append(.queued, JobDocument(job.record, JobDocument.Moment(etaSeconds: eta, position: position)))
        state.withLock { $0.queue.add(job) }
        advance()
    }

    /// A drain waits for this job.
    private func keepWorking(for job: Job) {
        let work = RunningWork(works)
        job.state.withLock { $0.running = work }
    }

    // MARK: Taking turns

    /// Lets the next job wait for its memory, when it is time.
    private func advance() {
        let next = state.withLock { state -> (Job, Engine, Int)? in
            guard let engine = state.engine, let (first, bytes) = state.next(limit: engine.memory.photoLimit) else {
                return nil
            }
            _ = state.queue.takeFirst()
            state.waiting = first
            return (first, engine, bytes)
        }
        guard let (job, engine, bytes) = next else { return }
        let wait = engine.memory.reserveImage(bytes, client: "job \(job.caller)") { [self] result in
            store.disk.addOperation { [self] in granted(job, engine, bytes, result) }
        }
        job.hold(wait)
    }

    private func granted(
        _ job: Job, _ engine: Engine, _ bytes: Int, _ result: Result<MemoryReservation, MemoryBudget.Refusal>
    ) {
        let isHeld = state.withLock { state -> Bool? in
            guard state.waiting === job else { return nil }
            state.waiting = nil
            if !state.isHeld, case .success = result { state.running[job.id] = (job, bytes) }
            return state.isHeld
        }
        // Withdrawn: the memory goes back with `result`.
        guard let isHeld, !isHeld else { return }
        switch result {
        case .success(let memory): start(job, engine, memory)
        case .failure(.tooLarge(let limit, let actual)):
            fail(job, engine.problem(for: .tooLarge(limit: limit, actual: actual)))
        case .failure(.full):
            // Only uploads are in the way.
            return putBack(job, seconds: 0.5)
        }
        advance()
    }

    /// It is begun later. Nothing else is begun before it, so that its turn stays its own.
    private func putBack(_ job: Job, seconds: Double) {
        state.withLock { state in
            state.running[job.id] = nil
            if !job.record.state.isFinal, !state.isStopped { state.queue.add(job, isFirst: true) }
            state.isPaused = true
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
            state.withLock { $0.isPaused = false }
            advance()
        }
    }

    private static let secondsBetweenBeginnings = 2.0

    private func start(_ job: Job, _ engine: Engine, _ memory: MemoryReservation) {
        do { try store.countTry(job) } catch {
            _ = store.problem(for: error, "begin")
            return putBack(job, seconds: Self.secondsBetweenBeginnings)
        }
        guard let (plan, queueSeconds) = job.begin() else { return leave(job) }
        if store.isDurable { keepWorking(for: job) }
        let photo: [UInt8]
        let place: QueueTicket
        do {
            photo = try store.photo(of: job)
            place = try engine.scheduler.reserve(tiles: plan.grid.count, limited: false)
        } catch TilesError.stopped {
            return leave(job)
        } catch {
            fail(job, error)
            return leave(job)
        }
        let pipeline = PhotoPipeline(
            engine: engine, metrics: context.metrics, makesPreview: true,
            progress: { tile, eta in job.add(JobTile(tile.tile, etaSeconds: eta.map { ($0 * 10).rounded() / 10 })) },
            ended: { [self] in ended(job, engine, $0) })
        let isWanted = job.attach(pipeline)
        pipeline.run { next in
            let file = AdmittedPhoto.File(bytes: photo, range: photo.indices)
            next(AdmittedPhoto(plan, file, place: place, memory: memory, queueSeconds: queueSeconds))
        }
        if !isWanted { pipeline.cancel() }
    }

    private func ended(_ job: Job, _ engine: Engine, _ outcome: PhotoPipeline.Outcome) {
        switch outcome {
        case .finished(let product):
            var answer = DeblurAnswer(product.plan, product.report, product.timing, engine.model)
            guard let image = product.image else { break }
            let stored = JobStore.stored(image)
            // A deadline's result is not the same every time, but this one stays as it is.
            if answer.etag == nil { answer.etag = "\"\(stored.digest.prefix(32))\"" }
            return store.succeed(job, product, answer, stored) { [self] in leave(job) }
        case .failed(TilesError.stopped), .cancelled: break
        case .failed(let error): fail(job, error)
        }
        leave(job)
    }

    /// The job holds nothing any more.
    private func leave(_ job: Job) {
        state.withLock { $0.running[job.id] = nil }
        job.state.withLock { $0.running = nil }
        advance()
    }

    private func fail(_ job: Job, _ error: any Error) {
        let problem = Problem.describing(error)
        guard job.fail(JobProblem(problem, requestID: job.record.requestID)) else { return }
        context.metrics.jobsEnded(JobState.failed.rawValue).add()
        context.logger.log(
            level: problem.status.rawValue >= 500 ? .error : .info, "job failed",
            metadata: ["job": "\(job.id)", "request_id": "\(job.record.requestID)", "error": "\(error)"])
        store.save(job)
    }

    // MARK: Going out

    /// Stops a job, or removes its result. Without effect where there is nothing to stop or remove.
    ///
    /// - Parameters:
    ///   - forgetting: leaves no trace.
    ///   - tried: called once, on any thread, when this is on disk or cannot be.
    func delete(_ job: Job, forgetting: Bool = false, tried: (@Sendable () -> Void)? = nil) {
        let wasRunning = job.record.state == .running
        if job.cancel() {
            state.withLock { state in
                state.queue.remove(job)
                state.recovered.removeAll { $0 === job }
                if state.waiting === job { state.waiting = nil }
            }
            context.metrics.jobsEnded(JobState.cancelled.rawValue).add()
            // What runs is counted when it has stopped.
            if !wasRunning { context.metrics.cancelled("queue").add() }
            advance()
        } else if job.record.state == .cancelled || !job.expire() {
            tried?()
            return
        }
        guard forgetting else {
            store.bury(job)
            return store.save(job, tried: tried)
        }
        store.disk.addOperation { [self] in
            store.forget(job)
            tried?()
        }
    }

    /// No queued job is begun any more where they survive this process; those that run go on.
    func drain() {
        guard store.isDurable else { return }
        let queued = state.withLock { state in
            state.isHeld = true
            return state.queue.all + state.recovered + (state.waiting.map { [$0] } ?? [])
        }
        for job in queued { job.log?.shut() }
        takeBackTries()
    }

    /// The end of the process is wanted: what runs is not to blame if it is cut.
    private func takeBackTries() {
        let running = state.withLock { state in
            defer { state.areTriesTakenBack = true }
            return state.areTriesTakenBack ? [] : state.running.values.map(\.job)
        }
        for job in running { store.disk.addOperation { [self] in store.takeBackTry(job) } }
    }

    /// Ends every stream and begins nothing. What still runs is cut by the scheduler's end.
    func stop() {
        let queued = state.withLock { state in
            (state.isHeld, state.isStopped) = (true, true)
            defer { (state.queue, state.waiting) = (JobQueue(), nil) }
            return state.queue.all + (state.waiting.map { [$0] } ?? [])
        }
        takeBackTries()
        for job in queued { job.letGo() }
        for job in store.table.withLock({ Array($0.jobs.values) }) { job.log?.shut() }
    }
}
