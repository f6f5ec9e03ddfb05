import Foundation
import HTTP
import Images
import Logging
import Synchronization
import Tiles

/// One `POST /deblur` from its head to its answer.
///
/// Head and refusals: on the event loop. Header of the image, decoding, encoding: on the codec threads. Tiles: on the
/// scheduler's. Between two steps nothing waits on a thread; what is running keeps the request alive, and when the
/// client leaves, whatever it is at stops.
final class DeblurRequest: Sendable {
    enum Stage: String, Sendable { case upload, queue, decode, infer, encode, done }

    private struct State {
        var stage = Stage.upload
        var isGone = false
        var upload: MemoryReservation?
        var image: MemoryReservation?
        var wait: MemoryWait?
        var restoration: Restoration?
        var timing = DeblurAnswer.Timing()
    }

    private let exchange: Exchange
    private let engine: Engine
    private let context: RequestContext
    private let maxBody: Int
    private let kind: DeblurUpload.Kind
    private let query: [QueryItem]
    private let accepted: AcceptedTypes
    private let work: RunningWork
    private let state = Mutex(State())

    /// Judges the head: everything that can be refused before the body comes is refused here.
    ///
    /// - Throws: ``Problem``, `QueryError`, ``MemoryBudget/Refusal``.
    init(_ exchange: Exchange, engine: Engine, service: ServiceState) throws {
        self.exchange = exchange
        self.engine = engine
        context = service.context
        maxBody = service.options.maxBodyBytes
        work = service.beginWork()
        kind = try DeblurUpload.kind(of: exchange.head)
        query = try exchange.head.target.queryItems()
        accepted = AcceptedTypes(exchange.head.headers)
        let parameters = try DeblurParameters(query)
        if !parameters.dryRun {
            _ = try DeblurPlan.format(parameters.format, input: .jpeg, accepted: accepted, false)
        }
        // A request whose announced size is over the limit goes on to the body, which refuses it with 413.
        let announced = exchange.head.framing == .chunked ? maxBody : exchange.head.contentLength ?? 0
        let upload = announced <= maxBody ? try engine.memory.reserveUpload(announced) : nil
        state.withLock { $0.upload = upload }
    }

    func start() {
        exchange.onDisconnect { [weak self] in self?.clientLeft() }
        exchange.collectBody(limit: maxBody) { [self] result in
            let body: [UInt8]
            switch result {
            case .success(let bytes): body = bytes
            case .failure(let failure):
                if failure == .disconnected { context.metrics.cancelled(Stage.upload.rawValue).add() }
                return release()
            }
            exchange.markSlow()
            state.withLock { state in
                state.stage = .decode
                state.upload?.shrink(to: body.count)
            }
            onCodecThread { try self.admit(body) }
        }
    }

    // MARK: Steps

    private func admit(_ body: [UInt8]) throws {
        let upload = try DeblurUpload(body, kind)
        let parameters = try DeblurParameters(query + upload.parameters)
        let plan = try DeblurPlan(
            body.span.bytes.extracting(upload.imageRange), parameters, accepted: accepted, engine: engine)
        if let etag = plan.etag, Self.matches(exchange.head.headers.list("If-None-Match"), etag) {
            // RFC 9110 §13.1.2: 304 is for GET and HEAD, any other method is refused with 412.
            throw Problem(
                .init(rawValue: 412), .preconditionFailed, "You have this result already: If-None-Match names it.",
                headers: ["ETag": etag])
        }
        let place = try engine.scheduler.reserve(tiles: plan.grid.count)
        let began = ContinuousClock.now
        state.withLock { $0.stage = .queue }
        let wait = engine.memory.reserveImage(plan.bytes) { [self] result in
            onCodecThread {
                let reservation = try result.get()
                let seconds = began.secondsUntilNow
                let isGone = self.state.withLock { state in
                    state.image = reservation
                    state.stage = .decode
                    state.timing.queue = seconds
                    return state.isGone
                }
                if isGone { return self.release() }
                try self.decode(body, upload.imageRange, plan, place)
            }
        }
        let isGone = state.withLock { state in
            state.wait = wait
            return state.isGone
        }
        if isGone { wait.withdraw() }
    }

    private func decode(_ body: [UInt8], _ range: Range<Int>, _ plan: DeblurPlan, _ place: QueueTicket) throws {
        let began = ContinuousClock.now
        let image = try Image.decode(body.span.bytes.extracting(range), limits: engine.limits)
        let seconds = began.secondsUntilNow
        context.metrics.stageSeconds("decode").observe(seconds)
        state.withLock { state in
            state.timing.decode = seconds
            state.upload = nil
            state.stage = .infer
        }
        try restore(image, plan, place)
    }

    private func restore(_ image: Image, _ plan: DeblurPlan, _ place: QueueTicket) throws {
        let pixels = RasterPixels(image.raster)
        var options = RestorationOptions(
            exit: plan.policy, strength: plan.parameters.strength, dryRun: plan.parameters.dryRun)
        if let seconds = plan.parameters.deadlineSeconds {
            let timing = state.withLock { $0.timing }
            // What is left of the promise; the way back is taken to be as long as the way in.
            let deadline = Deadline(
                seconds: max(0, seconds - timing.queue - 2 * timing.decode),
                threads: engine.scheduler.configuration.threads, durations: engine.durations)
            options.depthLimit = { deadline.depth(for: $0) }
        }
        let restoration = try engine.scheduler.enqueue(
            source: pixels, sink: plan.parameters.dryRun ? nil : pixels, options: options, ticket: place
        ) { [self] outcome in
            switch outcome {
            case .succeeded(let report): onCodecThread { try self.finish(image, plan, report) }
            case .failed(let error): fail(error)
            case .cancelled: release()
            }
        }
        let isGone = state.withLock { state in
            if state.stage == .infer { state.restoration = restoration }
            return state.isGone
        }
        if isGone { restoration.cancel() }
    }

    private func finish(_ image: Image, _ plan: DeblurPlan, _ report: RestorationReport) throws {
        let isGone = state.withLock { state in
            state.restoration = nil
            state.stage = .encode
            state.timing.queue += report.queueSeconds
            state.timing.infer = report.runSeconds
            return state.isGone
        }
        if isGone { return release() }
        var response: Response
        if plan.parameters.dryRun {
            response = Response(
                .ok, contentType: "application/json", Array(JSON.encode(DryRunReport(report, engine: engine))))
            response.headers.add("Deblur-Model", engine.model.reference)
            response.headers.add("X-Request-Id", exchange.requestID)
        } else {
            let began = ContinuousClock.now
            let bytes = try image.encode(plan.encodeOptions)
            let seconds = began.secondsUntilNow
            context.metrics.stageSeconds("encode").observe(seconds)
            let timing = state.withLock { state in
                state.timing.encode = seconds
                return state.timing
            }
            response = DeblurAnswer.response(
                bytes, plan: plan, report: report, timing: timing, model: engine.model,
                requestID: exchange.requestID)
        }
        exchange.respond(response)
        release()
    }

    // MARK: Ends

    private func clientLeft() {
        let (stage, wait, restoration) = state.withLock { state in
            state.isGone = true
            return (state.stage, state.wait, state.restoration)
        }
        // Before its body is complete, the body's failure says it all.
        guard stage != .done, stage != .upload else { return }
        wait?.withdraw()
        // The scheduler counts what it stops itself, when it has stopped.
        if let restoration { return restoration.cancel() }
        context.metrics.cancelled(stage.rawValue).add()
        if stage == .queue { release() }
    }

    private func fail(_ error: any Error) {
        context.refuse(exchange, error)
        release()
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

    /// A step on a codec thread; whatever it throws is the answer.
    private func onCodecThread(_ step: @escaping @Sendable () throws -> Void) {
        engine.codecs.addOperation { [self] in
            if state.withLock({ $0.isGone }) { return release() }
            do { try step() } catch { fail(error) }
        }
    }

    private static func matches(_ tags: [String], _ etag: String) -> Bool {
        // Weak comparison (RFC 9110 §13.1.2).
        tags.contains { $0 == etag || $0 == "W/\(etag)" }
    }
}

extension ContinuousClock.Instant {
    var secondsUntilNow: Double { duration(to: .now) / .seconds(1) }
}
