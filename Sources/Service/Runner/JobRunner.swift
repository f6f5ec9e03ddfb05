import Digests
import Dispatch
import HTTP
import Images
import Logging
import Synchronization
import Tiles

/// Works jobs off, in the order that their keeper says.
///
/// A queued job holds no place in the tile queue and no pixel. One job at a time waits for memory, so that photos that came
/// with a waiting client never stand behind more than one; jobs in work take at most half of the memory budget together,
/// unless one alone needs more. No more are begun than keep the workers busy, and a few beside a large one: what waits in
/// a database is there for every replica, and an end of the process is blamed on few. Their tiles take turns with
/// everybody else's.
///
/// That a job is begun is kept before its work is. One in whose middle the process has ended is done alone, and after
/// three such ends it is given up.
final class JobRunner: Sendable {
    let keeper: any JobKeeper
    private let context: ServiceContext
    /// The first part of the ids that are given here.
    private let replica: String?
    private let state = Mutex(State())

    private struct State {
        var engine: Engine?
        var isClaiming = false
        /// There was news while one was being claimed.
        var hasNews = false
        /// Waits for memory, or is about to begin.
        var waiting: JobTurn?
        var running: [ObjectIdentifier: JobTurn] = [:]
        /// No job is begun for a moment: it cannot be kept that it is, or memory is all uploads.
        var isPaused = false
        /// No job is begun any more.
        var isHeld = false
        var areTriesTakenBack = false

        /// What the next job may take; nil where none may be begun.
        func room(in engine: Engine) -> JobRoom? {
            if isHeld || isPaused || waiting != nil { return nil }
            if running.isEmpty { return JobRoom() }
            if running.values.contains(where: { $0.claim.isSuspect }) { return nil }
            let tiles = running.values.reduce(0) { $0 + $1.tilesLeft }
            if running.count >= JobRunner.leastTogether, tiles >= 2 * engine.scheduler.configuration.tilesAtOnce { return nil }
            return JobRoom(bytes: engine.memory.photoLimit / 2 - running.values.reduce(0) { $0 + $1.bytes }, takesSuspects: false)
        }
    }

    /// Jobs that are begun beside each other however many tiles they have, so that a small one does not wait for large ones.
    private static let leastTogether = 4

    init(keeper: any JobKeeper, context: ServiceContext, replica: String?) {
        self.keeper = keeper
        self.context = context
        self.replica = replica
    }

    /// The model is there: what waits takes its turns.
    func begin(with engine: Engine) {
        state.withLock { $0.engine = engine }
        keeper.onNews { [weak self] in self?.advance() }
        advance()
    }

    // MARK: Coming in

    /// Takes in a photo.
    ///
    /// - Parameters:
    ///   - photo: its file.
    ///   - account: on whose it is.
    ///   - mostJobs: see ``NewJob/mostJobs``.
    func accept(
        _ photo: ArraySlice<UInt8>, _ plan: DeblurPlan, requestID: String, account: String, mostJobs: Int?,
        _ answer: @escaping JobAnswer<JobView>
    ) {
        guard let engine = state.withLock({ $0.engine }) else {
            return answer(.failure(.loading("The model is being loaded.")))
        }
        let bytes = plan.bytes + photo.count
        guard bytes <= engine.memory.photoLimit else {
            return answer(.failure(engine.problem(for: .tooLarge(limit: engine.memory.photoLimit, actual: bytes))))
        }
        let id = JobID.random(replica: replica)
        var parameters = plan.parameters
        parameters.format = plan.format == .jpeg ? .jpeg : .png
        let record = JobRecord(
            id: id.text, createdAt: .now, width: plan.header.width, height: plan.header.height, tiles: plan.grid.count,
            parameters: Dictionary(uniqueKeysWithValues: parameters.items.map { ($0.name, $0.value) }),
            workBytes: plan.bytes, resultBytes: plan.header.encodedBytes,
            requestID: requestID, model: engine.model.reference, caller: account,
            input: .init(bytes: photo.count, digest: SHA256.hash(photo).hex))
        keeper.accept(
            NewJob(id: id, record: record, photo: photo, resultBytes: plan.header.rasterBytes, mostJobs: mostJobs) { [self] in
                eta(record, at: $0)
            },
            answer)
    }

    // MARK: Taking turns

    /// Takes the next job when it is time.
    private func advance() {
        let next = state.withLock { state -> (Engine, JobRoom)? in
            if state.isClaiming { state.hasNews = true }
            guard !state.isClaiming, let engine = state.engine, let room = state.room(in: engine) else {
                return nil
            }
            state.isClaiming = true
            return (engine, room)
        }
        guard let (engine, room) = next else { return }
        keeper.claim(within: room) { [self] claim in
            let turn = claim.map { JobTurn($0) }
            let (isHeld, hasNews) = state.withLock { state in
                (state.isClaiming, state.waiting) = (false, state.isHeld ? nil : turn)
                defer { state.hasNews = false }
                return (state.isHeld, state.hasNews)
            }
            if let turn, !isHeld { work(turn, engine) } else { turn?.claim.giveBack() }
            if turn == nil, hasNews { advance() }
        }
    }

    private func work(_ turn: JobTurn, _ engine: Engine) {
        let claim = turn.claim
        let pipeline = PhotoPipeline(
            engine: engine, metrics: context.metrics, makesPreview: true,
            progress: { [weak self, weak turn] tile, eta in
                claim.add(JobTile(tile.tile, etaSeconds: eta.map { ($0 * 10).rounded() / 10 }))
                turn?.finishTile()
                self?.advance()
            },
            ended: { [self] in ended(turn, engine, $0) })
        turn.hold(pipeline)
        // Weakly: the keeper holds it for as long as the job lasts.
        claim.onLoss { [weak self, weak turn] in
            if let self, let turn { lost(turn) }
        }
        // By its record; the photo tells how much it is.
        let bytes = min(claim.record.memoryBytes, engine.memory.photoLimit)
        pipeline.run { next in admit(turn, engine, needing: bytes, next) }
    }

    private func admit(
        _ turn: JobTurn, _ engine: Engine, needing bytes: Int, _ next: @escaping @Sendable (AdmittedPhoto) -> Void
    ) {
        let wait = engine.memory.reserveImage(bytes, client: "job \(turn.claim.record.caller ?? "")") { [self] result in
            switch result {
            case .success(let memory): granted(turn, engine, memory, bytes, next)
            case .failure(.tooLarge(let limit, let actual)):
                fail(turn, engine.problem(for: .tooLarge(limit: limit, actual: actual)))
            // Only uploads are in the way.
            case .failure(.full): putBack(turn, seconds: 0.5)
            }
        }
        turn.hold(wait)
    }

    /// It has its memory: reads the photo, and begins.
    private func granted(
        _ turn: JobTurn, _ engine: Engine, _ memory: MemoryReservation, _ bytes: Int,
        _ next: @escaping @Sendable (AdmittedPhoto) -> Void
    ) {
        turn.claim.photo { [self] result in
            engine.admissions.addOperation { [self] in
                do {
                    let (photo, record) = (try result.get(), turn.claim.record)
                    let plan = try DeblurPlan(
                        photo.span.bytes, record.savedParameters(), accepted: AcceptedTypes(HTTPHeaders()), engine: engine)
                    let needed = plan.bytes + photo.count
                    // Another model, or release, than the one that it came for may need more.
                    if needed > bytes { return admit(turn, engine, needing: needed, next) }
                    memory.shrink(to: needed)
                    begin(turn, engine, plan, AdmittedPhoto.File(bytes: photo, range: photo.indices), memory, next)
                } catch let problem as Problem where problem.serviceCode == .loading {
                    // Its keeper is away for a while: that says nothing about the photo.
                    putBack(turn, seconds: Self.secondsBetweenBeginnings)
                } catch {
                    fail(turn, error)
                }
            }
        }
    }

    private func begin(
        _ turn: JobTurn, _ engine: Engine, _ plan: DeblurPlan, _ file: AdmittedPhoto.File, _ memory: MemoryReservation,
        _ next: @escaping @Sendable (AdmittedPhoto) -> Void
    ) {
        guard isNext(turn) else { return }
        let record = turn.claim.record
        if record.model != engine.model.reference {
            context.logger.notice(
                "a job is done with another model than it came for",
                metadata: ["job": "\(record.id)", "then": "\(record.model)", "now": "\(engine.model.reference)"])
        }
        turn.claim.begin(tiles: plan.grid.count) { [self] beginning in
            switch beginning {
            case .failed: putBack(turn, seconds: Self.secondsBetweenBeginnings)
            case .lost: leave(turn)
            case .begun(let seconds):
                turn.begin(context.beginWork(), bytes: plan.bytes + file.bytes.count, tiles: plan.grid.count)
                let isLate = state.withLock { state in
                    if state.waiting === turn { state.waiting = nil }
                    state.running[ObjectIdentifier(turn)] = turn
                    return state.areTriesTakenBack
                }
                if isLate { turn.claim.takeBackTry() }
                do {
                    let place = try engine.scheduler.reserve(tiles: plan.grid.count, limited: false)
                    next(AdmittedPhoto(plan, file, place: place, memory: memory, queueSeconds: seconds))
                    advance()
                } catch {
                    ended(turn, engine, .failed(error))
                }
            }
        }
    }

    /// Whether the turn is still that of the job that is to begin, and jobs may begin.
    private func isNext(_ turn: JobTurn) -> Bool {
        let (isNext, isHeld) = state.withLock { ($0.waiting === turn, $0.isHeld) }
        if isNext, isHeld {
            turn.claim.giveBack()
            leave(turn)
        }
        return isNext && !isHeld
    }

    private static let secondsBetweenBeginnings = 2.0

    /// It is begun later. Nothing else is begun before it, so that its turn stays its own.
    private func putBack(_ turn: JobTurn, seconds: Double) {
        state.withLock { $0.isPaused = true }
        turn.claim.giveBack()
        leave(turn)
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
            state.withLock { $0.isPaused = false }
            advance()
        }
    }

    private func fail(_ turn: JobTurn, _ error: any Error) {
        turn.claim.fail(error)
        leave(turn)
    }

    private func ended(_ turn: JobTurn, _ engine: Engine, _ outcome: PhotoPipeline.Outcome) {
        switch outcome {
        case .finished(let product):
            let answer = DeblurAnswer(product.plan, product.report, product.timing, engine.model)
            turn.claim.succeed(product, answer) { [self] in leave(turn) }
        case .failed(TilesError.stopped), .cancelled:
            turn.claim.giveBack()
            leave(turn)
        case .failed(let error): fail(turn, error)
        }
    }

    /// It holds nothing any more; the next one may begin.
    private func leave(_ turn: JobTurn) {
        state.withLock { state in
            if state.waiting === turn { state.waiting = nil }
            state.running[ObjectIdentifier(turn)] = nil
        }
        turn.letGo()
        advance()
    }

    /// The job is not to be done by this process any more.
    private func lost(_ turn: JobTurn) {
        turn.cancel()
        if state.withLock({ $0.waiting === turn }) { leave(turn) }
    }

    // MARK: Going out

    /// No queued job is begun any more where they survive this process; those that run go on.
    func drain() {
        guard keeper.isDurable else { return }
        state.withLock { $0.isHeld = true }
        keeper.endStreams(ofQueuedOnly: true)
        takeBackTries()
    }

    /// The end of the process is wanted: what runs is not to blame if it is cut.
    private func takeBackTries() {
        let running = state.withLock { state in
            defer { state.areTriesTakenBack = true }
            return state.areTriesTakenBack ? [] : Array(state.running.values)
        }
        for turn in running { turn.claim.takeBackTry() }
    }

    /// Ends every stream and begins nothing. What still runs is cut by the scheduler's end.
    func stop() {
        let waiting = state.withLock { state in
            state.isHeld = true
            defer { state.waiting = nil }
            return state.waiting
        }
        takeBackTries()
        waiting?.letGo()
        keeper.stop()
    }
}

/// What goes on here for a job that was claimed.
private final class JobTurn: Sendable {
    private struct State {
        var wait: MemoryWait?
        var pipeline: PhotoPipeline?
        /// A drain waits for it.
        var running: RunningWork?
        var bytes = 0
        var tilesLeft = 0
        var isOver = false
    }

    let claim: any ClaimedJob
    private let state = Mutex(State())

    init(_ claim: any ClaimedJob) { self.claim = claim }

    func hold(_ pipeline: PhotoPipeline) { state.withLock { $0.pipeline = pipeline } }

    /// Withdrawn at once when the turn is over already.
    func hold(_ wait: MemoryWait) {
        let isOver = state.withLock { state in
            if !state.isOver { state.wait = wait }
            return state.isOver
        }
        if isOver { wait.withdraw() }
    }

    /// - Parameters:
    ///   - bytes: what it takes of the memory.
    ///   - tiles: what is to be worked on.
    func begin(_ running: RunningWork, bytes: Int, tiles: Int) {
        state.withLock { ($0.wait, $0.running, $0.bytes, $0.tilesLeft) = (nil, running, bytes, tiles) }
    }

    func finishTile() { state.withLock { $0.tilesLeft -= 1 } }

    var bytes: Int { state.withLock { $0.bytes } }
    var tilesLeft: Int { state.withLock { $0.tilesLeft } }
    var etaSeconds: Double? { state.withLock { $0.pipeline }?.etaSeconds }

    func cancel() { state.withLock { $0.pipeline }?.cancel() }

    func letGo() {
        let held = state.withLock { state in
            defer { (state.wait, state.pipeline, state.running, state.isOver) = (nil, nil, nil, true) }
            return state
        }
        held.wait?.withdraw()
    }
}

// MARK: Where a job is

extension JobRunner {
    func document(_ job: JobView) -> JobDocument {
        var moment = JobDocument.Moment(tilesDone: job.record.tilesDone, exits: job.record.exits)
        switch job.record.state {
        case .queued:
            moment.position = job.place?.ahead
            moment.etaSeconds = job.place.flatMap { eta(job.record, at: $0) }
        case .running:
            moment.etaSeconds = state.withLock { $0.running.values.first { $0.claim.id == job.id } }?.etaSeconds
        case .succeeded, .failed, .cancelled: break
        }
        return JobDocument(job.record, moment)
    }

    /// Seconds until the end of a job that waits; nil as long as nothing was measured.
    private func eta(_ record: JobRecord, at place: JobPlace) -> Double? {
        guard let engine = state.withLock({ $0.engine }), engine.scheduler.isMeasured else { return nil }
        // In tiles of full size.
        let grid = try? engine.scheduler.grid(width: record.width, height: record.height)
        let side = engine.model.tile.side
        let own = grid.map { Double($0.count * $0.tileWidth * $0.tileHeight) / Double(side * side) } ?? Double(record.tiles)
        return engine.scheduler.estimatedSeconds(forTiles: Int((own + Double(place.ahead) * place.meanTiles).rounded(.up)))
    }
}
