import Deblur
import Foundation
import Images
import Synchronization
import Tiles

/// One photo from its file to its result, once it has its memory: decoded, restored, encoded. The same for a request
/// that waits for the answer and for a job.
///
/// Decoding and encoding run on the codec threads, tiles on the scheduler's. Between two steps nothing waits on a
/// thread; what is running keeps the work alive.
final class DeblurWork: Sendable {
    /// How it ended.
    enum Outcome: Sendable {
        case finished(Product)
        case failed(any Error)
        case cancelled
    }

    struct Product: Sendable {
        /// The encoded result; nil for a dry run.
        var image: EncodedImage?
        /// What a heat map is drawn on; nil where none was asked for.
        var preview: EncodedImage?
        var report: RestorationReport
        var timing: DeblurAnswer.Timing
        /// For `image`; given back with this value.
        var memory: MemoryReservation?
    }

    /// Called on the scheduler's threads, one at a time, in the order of the tiles; the last argument is the estimated
    /// rest in seconds.
    typealias Progress = @Sendable (TileProgress, Double?) -> Void

    /// On whose account it runs.
    enum Account: Sendable {
        /// A client waits for the answer.
        case request
        /// It was accepted for later: the queue does not bound it, and a heat map may be asked for.
        case job
    }

    private enum Stage: String { case decode, encode }

    private struct State {
        var isCancelled = false
        /// The scheduler has nothing more to do with it.
        var isRestored = false
        var restoration: Restoration?
        /// Of the codec that runs.
        var watch: CodecWatch?
        var timing = DeblurAnswer.Timing()
        var memory: MemoryReservation?
    }

    private let plan: DeblurPlan
    private let engine: Engine
    private let metrics: ServiceMetrics
    private let account: Account
    private let progress: Progress?
    private let completion: @Sendable (Outcome) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - memory: held until the work has ended, however it ends; what the result takes of it until that is let go.
    ///   - queueSeconds: what the photo has waited so far.
    ///   - completion: called exactly once, on any thread.
    init(
        _ plan: DeblurPlan, for account: Account, engine: Engine, metrics: ServiceMetrics, memory: MemoryReservation,
        queueSeconds: Double, progress: Progress? = nil, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        self.plan = plan
        self.account = account
        self.engine = engine
        self.metrics = metrics
        self.progress = progress
        self.completion = completion
        var first = State()
        first.timing.queue = queueSeconds
        first.memory = memory
        state = Mutex(first)
    }

    /// - Parameters:
    ///   - file: holds the image's file at `range`; let go of once it is decoded.
    ///   - place: in the tile queue; spent here.
    ///   - decoded: called once the file is not needed any more.
    func start(
        _ file: [UInt8], _ range: Range<Int>, place: QueueTicket, decoded: @escaping @Sendable () -> Void = {}
    ) {
        onCodecThread(.decode) { [self] in
            let began = ContinuousClock.now
            let watch = watch(CodecWatch(decoding: plan.header))
            let image = try Image.decode(file.span.bytes.extracting(range), limits: engine.limits, watch: watch)
            let seconds = began.secondsUntilNow
            metrics.stageSeconds("decode").observe(seconds)
            decoded()
            state.withLock { state in
                state.timing.decode = seconds
            }
            guard !dropped(.decode) else { return }
            try restore(image, place)
        }
    }

    /// Stops within one step; the completion tells when nobody is busy any more. Without effect after the end.
    func cancel() {
        let (restoration, watch) = state.withLock { state in
            state.isCancelled = true
            return (state.restoration, state.watch)
        }
        watch?.cancel()
        restoration?.cancel()
    }

    /// Lets ``cancel()`` stop the codec that is about to run.
    private func watch(_ watch: CodecWatch) -> CodecWatch {
        let isCancelled = state.withLock { state in
            state.watch = watch
            return state.isCancelled
        }
        if isCancelled { watch.cancel() }
        return watch
    }

    /// Seconds until the last tile's end; nil before the first, and as long as nothing was measured.
    var etaSeconds: Double? {
        engine.scheduler.isMeasured ? state.withLock { $0.restoration }?.status.etaSeconds : nil
    }

    private func restore(_ image: Image, _ place: QueueTicket) throws {
        let pixels = RasterPixels(image.raster)
        var options = RestorationOptions(
            exit: plan.policy, strength: plan.parameters.strength, dryRun: plan.parameters.dryRun)
        if let seconds = plan.parameters.deadlineSeconds {
            let timing = state.withLock { $0.timing }
            // What is left of the promise; the way back is taken to be as long as the way in.
            let deadline = Deadline(
                seconds: max(0, seconds - timing.queue - 2 * timing.decode),
                tilesAtOnce: engine.scheduler.configuration.tilesAtOnce, durations: engine.durations)
            options.depthLimit = { deadline.depth(for: $0) }
        }
        var report: (@Sendable (TileProgress) -> Void)?
        if let progress {
            report = { [weak self] tile in progress(tile, self?.etaSeconds) }
        }
        let restoration = try engine.scheduler.enqueue(
            source: pixels, sink: plan.parameters.dryRun ? nil : pixels, options: options, ticket: place,
            progress: report
        ) { [self] outcome in
            switch outcome {
            case .succeeded(let report): onCodecThread(.encode) { try self.finish(image, report) }
            case .failed(let error): end(.failed(error))
            case .cancelled: end(.cancelled)
            }
        }
        let isCancelled = state.withLock { state in
            if !state.isRestored { state.restoration = restoration }
            return state.isCancelled
        }
        if isCancelled { restoration.cancel() }
    }

    private func finish(_ image: Image, _ report: RestorationReport) throws {
        state.withLock { state in
            state.restoration = nil
            state.isRestored = true
            state.timing.queue += report.queueSeconds
            state.timing.infer = report.runSeconds
        }
        var product = Product(report: report, timing: DeblurAnswer.Timing())
        if !plan.parameters.dryRun {
            let began = ContinuousClock.now
            let watch = watch(CodecWatch())
            product.image = try image.encoded(plan.encodeOptions, watch: watch)
            if account == .job { product.preview = try HeatMapGround.encoded(image.raster, watch: watch) }
            let seconds = began.secondsUntilNow
            metrics.stageSeconds("encode").observe(seconds)
            state.withLock { $0.timing.encode = seconds }
            guard !dropped(.encode) else { return }
        }
        product.timing = state.withLock { $0.timing }
        end(.finished(product))
    }

    private func end(_ outcome: Outcome) {
        // Given back outside the lock, because others may get it at once.
        let memory = state.withLock { state in
            state.isRestored = true
            state.restoration = nil
            defer { state.memory = nil }
            return state.memory
        }
        guard case .finished(var product) = outcome else {
            withExtendedLifetime(consume memory) {}
            return completion(outcome)
        }
        memory?.shrink(to: (product.image?.count ?? 0) + (product.preview?.count ?? 0))
        product.memory = memory
        completion(.finished(product))
    }

    /// Ends cancelled work and counts it; what the scheduler stops it counts itself, when it has stopped.
    private func dropped(_ stage: Stage) -> Bool {
        guard state.withLock({ $0.isCancelled }) else { return false }
        metrics.cancelled(stage.rawValue).add()
        end(.cancelled)
        return true
    }

    /// A step on a codec thread; whatever it throws is the outcome.
    private func onCodecThread(_ stage: Stage, _ step: @escaping @Sendable () throws -> Void) {
        engine.codecs(for: plan.header).addOperation { [self] in
            guard !dropped(stage) else { return }
            do { try step() } catch {
                if !dropped(stage) { end(.failed(error)) }
            }
        }
    }
}

extension ContinuousClock.Instant {
    var secondsUntilNow: Double { duration(to: .now) / .seconds(1) }
}
