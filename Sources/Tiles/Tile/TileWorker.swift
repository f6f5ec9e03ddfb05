import Kernels
import Network

/// A tile for a worker, and what the worker has to know of its image.
struct TileTask {
    let index: Int
    let grid: TileGrid
    let options: RestorationOptions
    let source: any TileSource
    /// Of the whole image; nil where tiles are encoded alone.
    let encoding: (any ImageEncoding)?
    /// After how many sub-decoders the tile has to leave at the latest.
    let depthLimit: Int
    /// Asked before each step.
    let isWanted: () -> Bool
}

/// What one member of the team needs to lead tiles: a run of the network and the pixels of a tile.
final class TileWorker {
    private let run: TileRun
    private let pool: ResidualPool
    private let observer: (any TileObserver)?
    /// What a tile in work takes.
    private let tileBytes: Int
    /// `(tileHeight, tileWidth, 3)` of the tile at hand.
    private let pixels: UnsafeMutablePointer<Float>

    init(_ run: TileRun, tile: TileSize, tileBytes: Int, pool: ResidualPool, observer: (any TileObserver)?) {
        self.run = run
        self.tileBytes = tileBytes
        self.pool = pool
        self.observer = observer
        pixels = .allocate(capacity: tile.side * tile.side * 3)
    }

    deinit {
        pixels.deallocate()
    }

    /// Takes a tile through the network; asks before each step whether the image is still wanted.
    ///
    /// - Returns: nil when it is not.
    /// - Throws: what the source throws; ``TilesError/noMemory(bytes:)``.
    func restore(_ task: TileTask) throws -> FinishedTile? {
        let start = monotonicSeconds()
        var outcome = Outcome()
        guard try work(on: task, &outcome) else {
            if let residual = outcome.residual { pool.give(residual) }
            return nil
        }
        let record = TileRecord(
            index: task.index, rectangle: task.grid[task.index], degradationClass: outcome.assessment.degradationClass,
            logits: outcome.assessment.logits, exit: outcome.exit, isCutShort: outcome.isCutShort,
            milliseconds: (monotonicSeconds() - start) * 1e3, anomaly: outcome.anomaly)
        observer?.tileFinished(record)
        return FinishedTile(record: record, residual: outcome.residual)
    }

    private struct Outcome {
        var assessment = TileAssessment()
        var exit: Int? = 0
        var isCutShort = false
        var anomaly: TileAnomaly?
        var residual: ResidualBuffer?
    }

    /// False when the image is not wanted any more.
    private func work(on task: TileTask, _ outcome: inout Outcome) throws -> Bool {
        let options = task.options, limit = min(task.depthLimit, run.subDecoders)
        // No time for any sub-decoder: the encoder would be in vain.
        if limit <= 0, !options.dryRun {
            outcome.isCutShort = true
            return task.isWanted()
        }

        guard task.isWanted() else { return false }
        guard run.prepare(height: task.grid.tileHeight, width: task.grid.tileWidth) else {
            throw TilesError.noMemory(bytes: tileBytes)
        }
        if task.encoding == nil {
            try timed(.read) { try TileReader.read(task.index, of: task.grid, from: task.source, into: pixels) }
        }
        run.begin(input(of: task), options.dryRun ? .assessment : .exit(options.exit, limit: limit))
        while let step = run.next() {
            guard task.isWanted() else { return false }
            if case .head = step { outcome.residual = pool.take() }
            perform(step, of: task, outcome.residual)
        }
        outcome.assessment = run.assessment
        outcome.isCutShort = run.isCutShort
        outcome.exit =
            options.dryRun ? options.exit.exit(for: run.assessment, subDecoders: run.subDecoders) : run.depth
        guard let residual = outcome.residual else { return task.isWanted() }
        outcome.anomaly = anomaly(in: residual, task)
        return outcome.anomaly == nil || retreat(task, from: run.depth, &outcome)
    }

    /// The tile tripped the guard at `depth`. Sub-decoders cannot be taken back, so it starts over and stops at the
    /// deepest exit before which every one was sane; with none it stays as it came. False when unwanted.
    private func retreat(_ task: TileTask, from depth: Int, _ outcome: inout Outcome) -> Bool {
        if let refused = outcome.residual { pool.give(refused) }
        outcome.residual = nil
        outcome.exit = 0
        guard depth > 1 else { return true }
        run.begin(input(of: task), .everyExit(upTo: depth - 1), classify: false)
        while let step = run.next() {
            guard task.isWanted() else { return false }
            guard case .head(let exit) = step else {
                perform(step, of: task)
                continue
            }
            let trial = pool.take()
            perform(step, of: task, trial)
            guard anomaly(in: trial, task) == nil else {
                pool.give(trial)
                break
            }
            if let previous = outcome.residual { pool.give(previous) }
            outcome.residual = trial
            outcome.exit = exit
        }
        return true
    }

    /// From the image's features where it was encoded as a whole, else from the tile's pixels.
    private func input(of task: TileTask) -> TileInput {
        guard let encoding = task.encoding else { return task.grid.input(task.index, pixels: pixels) }
        return task.grid.input(task.index, features: encoding)
    }

    private func anomaly(in residual: ResidualBuffer, _ task: TileTask) -> TileAnomaly? {
        task.options.tileGuard?.anomaly(in: UnsafeBufferPointer(start: residual.values, count: task.grid.tileValues))
    }

    private func perform(_ step: TileRun.Step, of task: TileTask, _ residual: ResidualBuffer? = nil) {
        timed(TileStage(step, isEncoded: task.encoding != nil)) { run.perform(step, residual: residual?.values) }
    }

    @inline(__always)
    private func timed<Result>(_ stage: TileStage, _ body: () throws -> Result) rethrows -> Result {
        guard let observer else { return try body() }
        let start = monotonicSeconds()
        let result = try body()
        observer.stageFinished(stage, seconds: monotonicSeconds() - start)
        return result
    }
}
