import Dispatch
import Kernels
import Network
import Synchronization

/// Takes images through the network, tile by tile.
///
/// Every member of a `ThreadTeam` leads a tile of its own as long as tiles are waiting; members without one help with
/// the steps of the others, so that a lone tile still uses every core. Images take turns tile by tile: a small photo
/// is not stuck behind a large one.
///
/// Tiles of an image are blended in the order of the grid, whoever computed them and whenever: the result is the same
/// bytes for any number of threads and any load. A tile that is done early waits in a buffer of its own; how far tiles
/// may run ahead is bounded (``Configuration/runAhead``), and with it the memory of an image.
///
/// Nothing but ``restore(source:sink:options:progress:)``, ``waitUntilIdle(seconds:)`` and ``stop()`` waits for work;
/// the rest may be called from an event loop. Progress callbacks run on a worker thread: one at a time per image, in
/// the order of the grid, to be kept short. The completion runs on a Dispatch thread, exactly once, after every
/// progress callback and when nobody touches source and sink any more; it may take its time.
public final class TileScheduler: @unchecked Sendable {
    // Safe to share: `team` is set once, in the initialiser, before any tile exists; the rest is constant or locked.

    public struct Configuration: Sendable {
        /// Threads that compute, at least 1.
        public var threads: Int
        /// Tiles in work at the same time, at most `threads`: each has a workspace of its own. Threads beyond help with
        /// the others' loops.
        public var tilesAtOnce: Int
        /// Of the model.
        public var tile: TileSize
        /// Tiles that may wait. An image is admitted while fewer wait, however many it brings; with 0, while a worker
        /// is free.
        public var queueLimit: Int
        /// Throughput until the first tile has been measured.
        public var assumedSecondsPerTile: Double
        /// How many tiles of one image may be handed out beyond the first one that is not blended yet.
        public var runAhead: Int
        /// How long an unused worker keeps the memory of its tile after an image has ended; nil keeps it for ever.
        public var idleMemorySeconds: Double? = 30

        public init(
            threads: Int, tile: TileSize = .published, queueLimit: Int = 256, assumedSecondsPerTile: Double = 1,
            runAhead: Int? = nil, tilesAtOnce: Int? = nil
        ) {
            self.threads = max(threads, 1)
            self.tilesAtOnce = min(max(tilesAtOnce ?? threads, 1), self.threads)
            self.tile = tile
            self.queueLimit = max(queueLimit, 0)
            self.assumedSecondsPerTile = assumedSecondsPerTile
            self.runAhead = max(runAhead ?? 2 * threads + 2, 1)
        }
    }

    public let configuration: Configuration
    public let network: any TileNetwork
    let observer: (any TileObserver)?
    let pool: ResidualPool
    let turns: Mutex<Turns>
    let hint = WaitingHint()
    /// One entry per image that has not been completed.
    let unfinished = DispatchGroup()
    let completions = DispatchQueue(label: "tiles.completions", attributes: .concurrent)
    private(set) var team: ThreadTeam! = nil

    public init(network: any TileNetwork, configuration: Configuration, observer: (any TileObserver)? = nil) {
        self.configuration = configuration
        self.network = network
        self.observer = observer
        pool = ResidualPool(capacity: configuration.tile.side * configuration.tile.side * 3)
        turns = Mutex(Turns(configuration: configuration, hint: hint))
        team = ThreadTeam(threads: configuration.threads) { [weak self] member in self?.task(for: member) }
    }

    /// The tiles of an image of that size.
    ///
    /// - Throws: ``TilesError/emptyImage(width:height:)``; ``TilesError/badOption(name:value:expected:)`` when the model
    ///   cannot encode it as a whole.
    public func grid(width: Int, height: Int, mode: EncodingMode = .tile) throws(TilesError) -> TileGrid {
        let grid = try TileGrid(width: width, height: height, tile: configuration.tile, mode: mode)
        if grid.encodesWholeImage { _ = try encodingBytes(for: grid) }
        return grid
    }

    /// The most memory that an image takes here besides its source and sink, in bytes: the band of rows being blended,
    /// tiles that wait for it, and the features of the image where it is encoded as a whole. Workers' workspaces are not
    /// counted, since they do not depend on the images: ``workspaceBytes(of:tile:)``.
    public func workingBytes(for grid: TileGrid) -> Int {
        let tile = configuration.tile.side * configuration.tile.side * 3 * MemoryLayout<Float>.size
        return RowBand.bytes(for: grid) + min(configuration.runAhead, grid.count) * tile
            + (grid.encodesWholeImage ? (try? encodingBytes(for: grid)) ?? 0 : 0)
    }

    /// What one tile in work takes, in bytes, besides what ``workingBytes(for:)`` counts.
    public static func workspaceBytes(of network: any TileNetwork, tile: TileSize) -> Int {
        network.workspaceBytes(tileSide: tile.side) + tile.side * tile.side * 3 * MemoryLayout<Float>.size
    }

    private func encodingBytes(for grid: TileGrid) throws(TilesError) -> Int {
        try network.imageEncodingBytes(for: grid, tile: configuration.tile)
    }
}

extension TileScheduler {
    /// Restores an image and waits for it; whatever the queue holds, it is not refused. For command lines. Not to be
    /// called from a callback.
    ///
    /// - Throws: ``TilesError``, or what the source or the sink throws.
    public func restore(
        source: any TileSource, sink: (any RowSink)?, options: RestorationOptions,
        progress: (@Sendable (TileProgress) -> Void)? = nil
    ) throws -> RestorationReport {
        let done = DispatchSemaphore(value: 0)
        let outcome = OutcomeBox()
        try enqueue(source: source, sink: sink, options: options, limited: false, progress: progress) {
            outcome.value.withLock { [result = $0] in $0 = result }
            done.signal()
        }
        done.wait()
        switch outcome.value.withLock({ $0 }) {
        case .succeeded(let report): return report
        case .failed(let error): throw error
        case .cancelled, nil: throw TilesError.cancelled
        }
    }

    private final class OutcomeBox: Sendable {
        let value = Mutex<RestorationOutcome?>(nil)
    }
}
