import Deblur
import Foundation
import HTTP
import Images
import Logging
import Synchronization
import Tiles

/// One `POST /deblur` from its head to its answer: the image, or a job where the client prefers one.
///
/// Head and refusals: on the event loop. Header of the image: on the admission threads. From then on the
/// ``PhotoPipeline``, or the job, has it. When the client leaves, whatever it is at stops.
final class DeblurRequest: Sendable {
    enum Stage: String, Sendable { case upload, decode, queue, work, done }

    private struct State {
        var stage = Stage.upload
        var isGone = false
        /// For want of memory, in the middle of the body.
        var isRefused = false
        var upload: MemoryReservation?
        var wait: MemoryWait?
        var pipeline: PhotoPipeline?
    }

    private let exchange: Exchange
    private let engine: Engine
    private let context: ServiceContext
    private let jobs: JobRunner
    private let maxBody: Int
    private let kind: DeblurUpload.Kind
    private let query: [QueryItem]
    private let accepted: AcceptedTypes
    private let running: RunningWork
    private let caller: Caller
    private let rates: RequestRates
    private let call: QueueCall
    private let parking: ParkedResults
    private let state = Mutex(State())

    /// Judges the head: everything that can be refused before the body comes is refused here.
    ///
    /// - Throws: ``Problem``, `QueryError`.
    init(_ exchange: Exchange, engine: Engine, service: ServiceState) throws {
        self.exchange = exchange
        self.engine = engine
        context = service.context
        jobs = service.jobs
        maxBody = service.options.maxBodyBytes
        running = service.context.beginWork()
        caller = service.callers.caller(of: exchange)
        rates = service.rates
        call = QueueCall(exchange.head, account: caller.account, tickets: service.tickets, scheduler: engine.scheduler)
        parking = service.parking
        kind = try DeblurUpload.kind(of: exchange.head)
        query = try exchange.head.target.queryItems()
        accepted = AcceptedTypes(exchange.head.headers, aliases: ImageMediaType.aliases)
        let parameters = try DeblurParameters(query)
        if !parameters.dryRun {
            _ = try DeblurPlan.format(parameters.format, input: .jpeg, accepted: accepted, false)
        }
        try countPhoto()
        // A request whose announced size is over the limit goes on to the body, which refuses it with 413.
        let announced = exchange.head.contentLength ?? 0
        guard announced <= maxBody else { return }
        do {
            let upload = try engine.memory.reserveUpload(0, announced: announced)
            state.withLock { $0.upload = upload }
        } catch {
            giveBackPhoto()
            throw engine.problem(for: error)
        }
    }

    /// Against the rate of the caller's key.
    private func countPhoto() throws(Problem) {
        guard let tenant = caller.tenant, let rate = tenant.limits.rate, let seconds = rates.take(tenant) else { return }
        throw .rateLimited(limit: rate.count, retryAfterSeconds: seconds)
    }

    /// The service had no room for what was counted.
    private func giveBackPhoto() {
        if let tenant = caller.tenant { rates.giveBack(tenant) }
    }

    func start() {
        exchange.onDisconnect { [weak self] in self?.clientLeft() }
        state.withLock { $0.upload }?.follow(total: exchange.head.contentLength) { [weak self] in self?.giveUpUpload() }
        exchange.collectBody(limit: maxBody, progress: { [self] in received($0) }) { [self] result in
            switch result {
            case .success(let body): begin(body)
            case .failure(let failure):
                let isRefused = state.withLock { $0.isRefused }
                if failure == .disconnected, !isRefused { context.metrics.cancelled(Stage.upload.rawValue).add() }
                release()
            }
        }
    }

    private func begin(_ body: [UInt8]) {
        exchange.markSlow()
        let pipeline = PhotoPipeline(engine: engine, metrics: context.metrics) { [self] outcome in
            switch outcome {
            case .finished(let product): answer(product)
            case .failed(let error): fail(error)
            case .cancelled: release()
            }
        }
        let upload = state.withLock { state in
            (state.stage, state.pipeline) = (.decode, pipeline)
            return state.upload
        }
        upload?.complete(with: body.count)
        pipeline.run { [self] next in
            on(engine.admissions) { try self.admit(body, next) }
        }
    }

    /// Memory for what has come of the body; where there is none, the answer comes before its end.
    private func received(_ bytes: Int) {
        let stepped = (bytes + Self.uploadStep - 1) / Self.uploadStep * Self.uploadStep
        let needed = min(stepped, exchange.head.contentLength ?? maxBody)
        guard let upload = state.withLock({ $0.isRefused ? nil : $0.upload }) else { return }
        // Outside the lock: others may have to give their memory up for it, and this one for theirs.
        do throws(MemoryBudget.Refusal) {
            try upload.grow(to: needed)
            upload.moved(to: bytes)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.isRefused = true }
                return !state.isRefused
            }
            if isFirst { refuse(engine.problem(for: error)) }
        }
    }

    /// Memory is short, and this upload is the slowest.
    private func giveUpUpload() {
        let isUpload = state.withLock { state in
            guard state.stage == .upload, !state.isRefused else { return false }
            state.isRefused = true
            return true
        }
        if isUpload { refuse(Problem.tooSlow) }
    }

    /// An upload's memory grows by this many bytes at a time.
    private static let uploadStep = 256 << 10

    // MARK: Admit

    private func admit(_ body: [UInt8], _ next: @escaping @Sendable (AdmittedPhoto) -> Void) throws {
        let upload = try DeblurUpload(body, kind)
        let parameters = try DeblurParameters(query + upload.parameters)
        let image = body.span.bytes.extracting(upload.imageRange)
        let plan = try DeblurPlan(image, parameters, accepted: accepted, engine: engine)
        let named = exchange.head.headers.list("If-None-Match").filter { $0 != "*" }
        if let etag = plan.etag, EntityTag.isNamed(etag, in: named) {
            // RFC 9110 §13.1.2: 304 is for GET and HEAD, any other method is refused with 412.
            throw Problem(
                .init(rawValue: 412), .preconditionFailed, "You have this result already: If-None-Match names it.",
                headers: ["ETag": etag])
        }
        // A preference may be passed over (RFC 7240 §2): a dry run is short.
        if Preferences(exchange.head.headers).respondAsync, !parameters.dryRun {
            return accept(body[upload.imageRange], plan)
        }
        let place = try call.reserve(tiles: plan.grid.count, in: engine.scheduler)
        let began = ContinuousClock.now
        state.withLock { $0.stage = .queue }
        let wait = engine.memory.reserveImage(plan.bytes, beside: body.count, client: caller.account) { [self] result in
            on(engine.admissions) { [self] in
                switch result {
                case .success(let memory):
                    let (isGone, held) = state.withLock { state in
                        if !state.isGone { state.stage = .work }
                        return (state.isGone, state.upload.take())
                    }
                    if isGone { return release() }
                    let file = AdmittedPhoto.File(bytes: body, range: upload.imageRange, upload: held)
                    next(AdmittedPhoto(plan, file, place: place, memory: memory, queueSeconds: began.secondsUntilNow))
                case .failure(let refusal): throw engine.problem(for: refusal)
                }
            }
        }
        let isGone = state.withLock { state in
            state.wait = wait
            return state.isGone
        }
        // Whoever left before the wait began let go of nothing.
        if isGone {
            wait.withdraw()
            release()
        }
    }

    /// Makes a job of it; whatever happens to this connection, the job goes on once it is answered for.
    private func accept(_ photo: ArraySlice<UInt8>, _ plan: DeblurPlan) {
        jobs.accept(
            photo, plan, requestID: exchange.requestID, account: caller.account, mostJobs: caller.tenant?.limits.jobs
        ) { [self] result in
            let job: JobView
            do throws(Problem) { job = try result.get() } catch { return fail(error) }
            let isGone = state.withLock { state in
                // From here on leaving stops nothing.
                if !state.isGone { state.stage = .done }
                return state.isGone
            }
            // Where the client has left, nobody knows its name.
            if isGone {
                jobs.keeper.delete(job.id, for: .anybody, forgetting: true) { _ in }
            } else {
                exchange.respond(JobRoutes.accepted(job, jobs))
            }
            release()
        }
    }

    // MARK: Answer

    private func answer(_ product: PhotoPipeline.Product) {
        var response: Response
        if product.plan.parameters.dryRun {
            let report = DryRunReport(product.report, engine: engine)
            response = Response(.ok, contentType: "application/json", Array(JSON.encode(report)))
            response.headers.add("Deblur-Model", engine.model.reference)
        } else {
            response = DeblurAnswer(product.plan, product.report, product.timing, engine.model).response(plan: product.plan)
        }
        if let image = product.image {
            ResultStream.send(
                image, holding: product.memory, response, exchange, parking: parking)
        } else {
            exchange.respond(response)
        }
        release()
    }

    // MARK: Ends

    private func clientLeft() {
        let (stage, wait, pipeline) = state.withLock { state in
            state.isGone = true
            return (state.stage, state.wait, state.pipeline)
        }
        switch stage {
        // Before its body is complete, the body's failure says it all.
        case .upload, .done: return
        case .work: pipeline?.cancel()
        case .decode, .queue:
            wait?.withdraw()
            context.metrics.cancelled(stage.rawValue).add()
            if stage == .queue { release() }
        }
    }

    private func fail(_ error: any Error) {
        refuse(error)
        release()
    }

    private func refuse(_ error: any Error) {
        if [.tooManyRequests, .serviceUnavailable].contains(Problem.describing(error).status) { giveBackPhoto() }
        context.refuse(exchange, error)
    }

    /// Lets go of everything that was reserved; outside the lock, because others may get it at once.
    private func release() {
        _ = state.withLock { state in
            var last = State()
            last.stage = .done
            last.isGone = state.isGone
            swap(&last, &state)
            return last
        }
    }

    /// A step on a thread that may block; whatever it throws is the answer.
    private func on(_ queue: OperationQueue, _ step: @escaping @Sendable () throws -> Void) {
        queue.addOperation { [self] in
            if state.withLock({ $0.isGone }) { return release() }
            do { try step() } catch { fail(error) }
        }
    }
}

/// What a client prefers (RFC 7240).
struct Preferences: Sendable {
    /// `respond-async` (§4.1). With `wait` (§4.3) beside it the answer is the same: 202 at once.
    let respondAsync: Bool

    init(_ headers: HTTPHeaders) {
        respondAsync = headers.list("Prefer").contains { preference in
            // preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ); an empty value is none.
            let parts = preference.split(separator: ";", omittingEmptySubsequences: false)[0]
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].filter { $0 != " " && $0 != "\t" }.lowercased()
            let value = parts.count == 2 ? parts[1].filter { $0 != " " && $0 != "\t" } : ""
            return name == "respond-async" && (value.isEmpty || value == "\"\"")
        }
    }
}
