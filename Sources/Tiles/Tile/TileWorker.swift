import Kernels
import Network

/// What one member of the team needs to lead tiles: a network workspace and the pixels of a tile.
final class TileWorker {
    private let steps: any TileSteps
    private let subDecoders: Int
    private let pool: ResidualPool
    private let observer: (any TileObserver)?
    /// What a tile in work takes.
    private let tileBytes: Int
    /// `(tileHeight, tileWidth, 3)` of the tile at hand.
    private let pixels: UnsafeMutablePointer<Float>

    init(
        steps: any TileSteps, subDecoders: Int, tile: TileSize, tileBytes: Int, pool: ResidualPool, observer: (any TileObserver)?
    ) {
        self.steps = steps
        self.subDecoders = subDecoders
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
    func restore(_ tile: Int, of restoration: Restoration, source: any TileSource, depthLimit: Int) throws -> FinishedTile? {
        let start = monotonicSeconds()
        var outcome = Outcome()
        guard try run(tile, of: restoration, source, depthLimit: depthLimit, &outcome) else {
            if let residual = outcome.residual { pool.give(residual) }
            return nil
        }
        let record = TileRecord(
            index: tile, rectangle: restoration.grid[tile], degradationClass: outcome.assessment.degradationClass,
            logits: outcome.assessment.logits, exit: outcome.exit,
            isCutShort: outcome.isCutShort, milliseconds: (monotonicSeconds() - start) * 1e3, anomaly: outcome.anomaly)
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
    private func run(
        _ tile: Int, of restoration: Restoration, _ source: any TileSource, depthLimit: Int, _ outcome: inout Outcome
    ) throws -> Bool {
        let options = restoration.options
        let limit = min(depthLimit, subDecoders)
        // No time for any sub-decoder: the encoder would be in vain.
        if limit <= 0, !options.dryRun {
            outcome.isCutShort = true
            return !restoration.isUnwanted
        }

        guard !restoration.isUnwanted else { return false }
        guard steps.prepare(height: restoration.grid.tileHeight, width: restoration.grid.tileWidth) else {
            throw TilesError.noMemory(bytes: tileBytes)
        }
        if restoration.encoding == nil {
            try timed(.read) { try TileReader.read(tile, of: restoration.grid, from: source, into: pixels) }
            guard !restoration.isUnwanted else { return false }
        }
        outcome.assessment = encode(tile, of: restoration, classify: options.dryRun || options.exit.needsClassifier)
        if options.dryRun {
            outcome.exit = predictedExit(outcome.assessment, options.exit)
            return !restoration.isUnwanted
        }

        var depth = 0
        while depth < limit, !steps.leaves(after: depth, outcome.assessment, under: options.exit) {
            guard !restoration.isUnwanted else { return false }
            depth += 1
            timed(.subDecoder(depth)) { steps.advance(to: depth) }
        }
        outcome.exit = depth
        outcome.isCutShort =
            depth == limit && limit < subDecoders && !steps.leaves(after: depth, outcome.assessment, under: options.exit)
        guard !restoration.isUnwanted else { return false }
        guard depth > 0 else { return true }

        let residual = pool.take()
        outcome.residual = residual
        timed(.head) { steps.writeResidual(ofExit: depth, to: residual.values) }
        outcome.anomaly = anomaly(in: residual, restoration)
        return outcome.anomaly == nil || retreat(tile, from: depth, restoration, &outcome)
    }

    /// The tile tripped the guard at `depth`. Sub-decoders cannot be taken back, so it starts over and stops at the
    /// deepest exit before which every one was sane; with none it stays as it came. False when unwanted.
    private func retreat(_ tile: Int, from depth: Int, _ restoration: Restoration, _ outcome: inout Outcome) -> Bool {
        if let refused = outcome.residual { pool.give(refused) }
        outcome.residual = nil
        outcome.exit = 0
        guard depth > 1 else { return true }
        guard !restoration.isUnwanted else { return false }
        _ = encode(tile, of: restoration, classify: false)
        for shallower in 1..<depth {
            guard !restoration.isUnwanted else { return false }
            timed(.subDecoder(shallower)) { steps.advance(to: shallower) }
            let trial = pool.take()
            timed(.head) { steps.writeResidual(ofExit: shallower, to: trial.values) }
            guard anomaly(in: trial, restoration) == nil else {
                pool.give(trial)
                break
            }
            if let previous = outcome.residual { pool.give(previous) }
            outcome.residual = trial
            outcome.exit = shallower
        }
        return true
    }

    /// From the image's features where it was encoded as a whole, else from the tile's pixels.
    private func encode(_ tile: Int, of restoration: Restoration, classify: Bool) -> TileAssessment {
        let grid = restoration.grid
        steps.begin(tile: tile)
        guard let image = restoration.encoding else {
            return timed(.encoder) {
                steps.encode(pixels, height: grid.tileHeight, width: grid.tileWidth, classify: classify)
            }
        }
        let (row, column) = grid.position(of: tile)
        return timed(.features) {
            steps.encode(
                tileAtRow: grid.rows.starts[row], column: grid.columns.starts[column], height: grid.tileHeight,
                width: grid.tileWidth, of: image, classify: classify)
        }
    }

    private func anomaly(in residual: ResidualBuffer, _ restoration: Restoration) -> TileAnomaly? {
        restoration.options.tileGuard?.anomaly(in: UnsafeBufferPointer(start: residual.values, count: restoration.grid.tileValues))
    }

    /// The exit that a tile of that class takes; nil where features of deeper sub-decoders decide.
    private func predictedExit(_ assessment: TileAssessment, _ policy: ExitPolicy) -> Int? {
        if case .regressor = policy { return nil }
        return (0...subDecoders).first { steps.leaves(after: $0, assessment, under: policy) } ?? subDecoders
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

extension ExitPolicy {
    /// A fixed exit asks nobody.
    var needsClassifier: Bool {
        if case .fixed = self { return false }
        return true
    }
}
