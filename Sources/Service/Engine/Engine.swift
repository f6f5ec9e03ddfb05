import Deblur
import Foundation
import HTTP
import Images
import Tiles

/// What works once a model is loaded: scheduler, memory budget, and threads for the codecs.
public final class Engine: Sendable {
    public let model: Model
    public let scheduler: TileScheduler
    let memory: MemoryBudget
    let durations = StepDurations()
    let limits: ImageLimits
    /// What a tile in work takes.
    let tileBytes: Int
    /// How long the known tile took, with every exit.
    private let knownTileSeconds: Double
    /// Decoding and encoding: as many at once as there are cores, never on an event loop.
    private let codecs: OperationQueue
    /// The same for small images, which do not stand behind large ones.
    private let smallCodecs: OperationQueue
    /// Reading headers and forms, digests: nothing of what decoding takes stands before it.
    let admissions: OperationQueue

    init(
        model: Model, knownTileSeconds: Double, options: ServeOptions, memory: MemoryBudget,
        metrics: ServiceMetrics
    ) {
        self.model = model
        self.knownTileSeconds = knownTileSeconds
        self.memory = memory
        limits = ImageLimits(maxPixels: options.maxPixels)
        tileBytes = TileScheduler.workspaceBytes(of: model.network, tile: model.tile)
        let tilesAtOnce = max(1, min(options.threads, MemoryBudget.mostForTiles(of: memory.limit) / tileBytes))
        memory.occupy(forTiles: tilesAtOnce * tileBytes)
        scheduler = TileScheduler(
            network: model.network,
            configuration: .init(
                threads: options.threads, tile: model.tile, queueLimit: options.queueTiles, tilesAtOnce: tilesAtOnce),
            observer: TileTelemetry(metrics: metrics, durations: durations))
        codecs = Self.queue("codecs", options.threads)
        smallCodecs = Self.queue("codecs.small", options.threads)
        admissions = Self.queue("admissions", options.threads)
    }

    private static func queue(_ name: String, _ threads: Int) -> OperationQueue {
        let queue = OperationQueue()
        queue.name = name
        queue.maxConcurrentOperationCount = threads
        return queue
    }

    /// Where an image of that size is decoded and encoded.
    func codecs(for header: ImageHeader) -> OperationQueue {
        header.width * header.height <= Self.smallPixels ? smallCodecs : codecs
    }

    /// Pixels that are decoded in some ten milliseconds.
    private static let smallPixels = 2_000_000

    /// The most that an image takes from its decoding to its encoding, besides its file.
    func bytes(for header: ImageHeader, grid: TileGrid, as format: ImageFormat) -> Int {
        max(
            header.decodeBytes, header.rasterBytes + scheduler.workingBytes(for: grid),
            header.rasterBytes + header.encodeBytes(as: format))
    }

    /// A refusal of the memory budget, with the time until the first image in work will have given its memory back.
    func problem(for refusal: MemoryBudget.Refusal) -> Problem {
        Problem(refusal, retryAfterSeconds: scheduler.secondsUntilNextEnd ?? 1)
    }

    /// Seconds of a tile at the deepest exit of the model's table, every worker busy; as long as nothing was measured
    /// those of the known tile, which are more.
    var secondsPerTile: Double {
        let deepest = model.summary.exitTable?.max() ?? model.subDecoders
        guard let seconds = durations.seconds(toDepth: deepest) else { return knownTileSeconds }
        return seconds / Double(scheduler.configuration.tilesAtOnce)
    }

    /// Seconds that tiles with these exits take on the idle engine; nil as long as nothing was measured.
    func estimatedSeconds(exits: [Int?]) -> Double? {
        var total = 0.0
        for exit in exits {
            guard let seconds = durations.seconds(toDepth: exit ?? model.subDecoders) else { return nil }
            total += seconds
        }
        return total / Double(min(scheduler.configuration.tilesAtOnce, max(1, exits.count)))
    }
}
