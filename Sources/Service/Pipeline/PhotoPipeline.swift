import Deblur
import Foundation
import Images
import Synchronization
import Tiles

/// The way of one photo, the same for a request that waits for the answer and for a job.
///
/// | step | makes | runs on |
/// |---|---|---|
/// | admit | ``AdmittedPhoto``: plan, place in the tile queue, memory | wherever the one who wants it says |
/// | decode | `Image` | codec threads |
/// | restore | `RestorationReport`; the image is restored in place | the scheduler's threads |
/// | encode | ``Product`` | codec threads |
/// | answer | what the one who wants it makes of the ``Outcome`` | any thread |
///
/// Between two steps nothing waits on a thread; what is running keeps the pipeline alive.
final class PhotoPipeline: Sendable {
    /// How it ended.
    enum Outcome: Sendable {
        case finished(Product)
        case failed(any Error)
        case cancelled
    }

    struct Product: Sendable {
        let plan: DeblurPlan
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
    /// Where a step hands over what it has made.
    typealias Next<Made> = @Sendable (Made) throws -> Void

    private enum Stage: String { case decode, encode }

    private struct State {
        var isCancelled = false
        /// The scheduler has nothing more to do with it.
        var isRestored = false
        var restoration: Restoration?
        /// Of the codec that runs.
        var watch: CodecWatch?
        var timing = DeblurAnswer.Timing()
    }

    private let engine: Engine
    private let metrics: ServiceMetrics
    private let makesPreview: Bool
    private let progress: Progress?
    private let ended: @Sendable (Outcome) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - makesPreview: a heat map may be asked for later.
    ///   - ended: called exactly once, on any thread, unless the photo is never admitted.
    init(
        engine: Engine, metrics: ServiceMetrics, makesPreview: Bool = false, progress: Progress? = nil,
        ended: @escaping @Sendable (Outcome) -> Void
    ) {
        self.engine = engine
        self.metrics = metrics
        self.makesPreview = makesPreview
        self.progress = progress
        self.ended = ended
    }

    // MARK: The steps, in order

    /// - Parameter admit: hands the photo over once it has everything that it needs; or never, and says why itself.
    func run(admit: (@escaping @Sendable (AdmittedPhoto) -> Void) throws -> Void) rethrows {
        try admit { [self] photo in
            decode(photo) { [self] image in
                try restore(image, of: photo) { [self] report in
                    try encode(image, of: photo, report) { [self] product in
                        answer(.finished(product), photo)
                    }
                }
            }
        }
    }

    // MARK: Decode

    private func decode(_ photo: AdmittedPhoto, _ next: @escaping Next<Image>) {
        state.withLock { $0.timing.queue = photo.queueSeconds }
        onCodecThread(.decode, photo) { [self] in
            let image = try decoded(photo)
            guard !dropped(.decode, photo) else { return }
            try next(image)
        }
    }

    /// The file is not needed any more when this returns.
    private func decoded(_ photo: AdmittedPhoto) throws -> Image {
        guard let file = photo.takeFile() else { throw TilesError.cancelled }
        let began = ContinuousClock.now
        let watch = watch(CodecWatch(decoding: photo.plan.header))
        let image = try Image.decode(file.bytes.span.bytes.extracting(file.range), limits: engine.limits, watch: watch)
        let seconds = began.secondsUntilNow
        metrics.stageSeconds("decode").observe(seconds)
        state.withLock { $0.timing.decode = seconds }
        return image
    }

    // MARK: Restore

    private func restore(_ image: Image, of photo: AdmittedPhoto, _ next: @escaping Next<RestorationReport>) throws {
        let (pixels, parameters) = (RasterPixels(image.raster), photo.plan.parameters)
        var options = RestorationOptions(
            exit: photo.plan.policy, strength: parameters.strength, dryRun: parameters.dryRun)
        if let seconds = parameters.deadlineSeconds {
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
        guard let place = photo.takePlace() else { throw TilesError.cancelled }
        let restoration = try engine.scheduler.enqueue(
            source: pixels, sink: parameters.dryRun ? nil : pixels, options: options, ticket: place, progress: report
        ) { [self] outcome in
            switch outcome {
            case .succeeded(let report): onCodecThread(.encode, photo) { try next(report) }
            case .failed(let error): answer(.failed(error), photo)
            case .cancelled: answer(.cancelled, photo)
            }
        }
        let isCancelled = state.withLock { state in
            if !state.isRestored { state.restoration = restoration }
            return state.isCancelled
        }
        if isCancelled { restoration.cancel() }
    }

    // MARK: Encode

    private func encode(
        _ image: Image, of photo: AdmittedPhoto, _ report: RestorationReport, _ next: @escaping Next<Product>
    ) throws {
        state.withLock { state in
            state.restoration = nil
            state.isRestored = true
            state.timing.queue += report.queueSeconds
            state.timing.infer = report.runSeconds
        }
        var product = Product(plan: photo.plan, report: report, timing: DeblurAnswer.Timing())
        if !photo.plan.parameters.dryRun {
            let began = ContinuousClock.now
            let watch = watch(CodecWatch())
            product.image = try image.encoded(photo.plan.encodeOptions, watch: watch)
            if makesPreview { product.preview = try HeatMapGround.encoded(image.raster, watch: watch) }
            let seconds = began.secondsUntilNow
            metrics.stageSeconds("encode").observe(seconds)
            state.withLock { $0.timing.encode = seconds }
            guard !dropped(.encode, photo) else { return }
        }
        product.timing = state.withLock { $0.timing }
        try next(product)
    }

    // MARK: Answer

    private func answer(_ outcome: Outcome, _ photo: AdmittedPhoto) {
        state.withLock { state in
            state.isRestored = true
            state.restoration = nil
        }
        let memory = photo.takeMemory()
        guard case .finished(var product) = outcome else {
            withExtendedLifetime(consume memory) {}
            return ended(outcome)
        }
        memory?.shrink(to: (product.image?.count ?? 0) + (product.preview?.count ?? 0))
        product.memory = memory
        ended(.finished(product))
    }

    /// Stops within one step; the outcome tells when nobody is busy any more. Without effect after the end.
    func cancel() {
        let (restoration, watch) = state.withLock { state in
            state.isCancelled = true
            return (state.restoration, state.watch)
        }
        watch?.cancel()
        restoration?.cancel()
    }

    /// Seconds until the last tile's end; nil before the first, and as long as nothing was measured.
    var etaSeconds: Double? {
        engine.scheduler.isMeasured ? state.withLock { $0.restoration }?.status.etaSeconds : nil
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

    /// Ends cancelled work and counts it; what the scheduler stops it counts itself, when it has stopped.
    private func dropped(_ stage: Stage, _ photo: AdmittedPhoto) -> Bool {
        guard state.withLock({ $0.isCancelled }) else { return false }
        metrics.cancelled(stage.rawValue).add()
        answer(.cancelled, photo)
        return true
    }

    /// A step on a codec thread; whatever it throws is the outcome.
    private func onCodecThread(_ stage: Stage, _ photo: AdmittedPhoto, _ step: @escaping @Sendable () throws -> Void) {
        engine.codecs(for: photo.plan.header).addOperation { [self] in
            guard !dropped(stage, photo) else { return }
            do { try step() } catch {
                if !dropped(stage, photo) { answer(.failed(error), photo) }
            }
        }
    }
}

extension ContinuousClock.Instant {
    var secondsUntilNow: Double { duration(to: .now) / .seconds(1) }
}
