import Network
import Synchronization
import Testing
import Tiles

/// A scheduler for one test, stopped when the test lets go of it.
final class Rig {
    let scheduler: TileScheduler

    init(
        _ network: RuleNetwork, threads: Int = 2, tile: TileSize = Rig.smallTile, queueLimit: Int = 100_000,
        runAhead: Int? = nil, tilesAtOnce: Int? = nil, observer: (any TileObserver)? = nil
    ) {
        scheduler = TileScheduler(
            network: network,
            configuration: .init(
                threads: threads, tile: tile, queueLimit: queueLimit, runAhead: runAhead, tilesAtOnce: tilesAtOnce),
            observer: observer)
    }

    deinit {
        scheduler.stop()
    }

    /// Small tiles exercise the same paths as large ones, sooner.
    static let smallTile = try! TileSize(side: 48, overlap: 16)

    /// Restores into a new image.
    func restore(_ image: FloatImage, _ options: RestorationOptions) throws -> FloatImage {
        let result = FloatImage(width: image.width, height: image.height)
        _ = try scheduler.restore(source: image, sink: result, options: options)
        return result
    }

    /// Puts an image in the queue, restored in place.
    func enqueue(
        _ image: FloatImage, _ options: RestorationOptions, _ ending: Ending = Ending()
    ) throws -> Restoration {
        try scheduler.enqueue(source: image, sink: image, options: options) { ending.set($0) }
    }
}

/// Hears how a restoration ends, and complains when it ends twice.
final class Ending: Sendable {
    private let outcomes = Mutex<[RestorationOutcome]>([])

    func set(_ outcome: RestorationOutcome) {
        outcomes.withLock { $0.append(outcome) }
    }

    var count: Int { outcomes.withLock { $0.count } }

    var isCancelled: Bool {
        if case .cancelled? = outcomes.withLock({ $0.first }) { return true }
        return false
    }

    var report: RestorationReport? {
        if case .succeeded(let report)? = outcomes.withLock({ $0.first }) { return report }
        return nil
    }

    var failure: (any Error)? {
        if case .failed(let error)? = outcomes.withLock({ $0.first }) { return error }
        return nil
    }
}
