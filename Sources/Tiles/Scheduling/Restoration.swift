import Kernels
import Network
import Synchronization

/// One image on its way through the network.
///
/// Made by ``TileScheduler/enqueue(source:sink:options:ticket:limited:client:progress:completion:)``. The scheduler keeps it
/// alive until it ends; source, sink and callbacks are let go of then, even if this handle is kept.
public final class Restoration: @unchecked Sendable {
    // Safe to share: the properties under "Guarded" are touched with the scheduler's lock held only, those under
    // "Committer" by the one worker that has set `isCommitting`; `client` and `encoding` are read by workers of this
    // image only and let go of, with the lock held, when there are none, and `encoding` is set by the one worker that has
    // the image's encoding, before there are others; the rest is constant or atomic.

    /// The tiles of the image.
    public let grid: TileGrid
    public let options: RestorationOptions

    let enqueuedAt: Double
    /// One tile's share of the work of a whole tile, for throughput and estimates.
    let work: Double
    /// The work of encoding the whole image; 0 where tiles are encoded alone.
    let encodingWork: Double
    let lane: QueueLane
    private let scheduler: TileScheduler
    private let unwanted = Atomic<Bool>(false)

    /// nil once the image has ended.
    var client: Client?
    /// Of the whole image. nil where tiles are encoded alone, or before it is begun.
    var encoding: (any ImageEncoding)?

    // MARK: Guarded

    var state = RestorationState.waiting
    var encodingState: EncodingState
    /// Of the encoding, 0…1.
    var encodedShare = 0.0
    /// Time that workers have led the encoding.
    var encodingSeconds = 0.0
    /// The next tile to hand out.
    var nextTile = 0
    /// Workers that are busy with this image.
    var workers = 0
    /// Tiles blended; all before this one are.
    var committed = 0
    var isCommitting = false
    /// Tiles that are done before their predecessors are, by number.
    var pending: [Int: FinishedTile] = [:]
    var records: [TileRecord] = []
    var failure: (any Error)?
    var startedAt: Double?
    var cancelledAt: Double?

    // MARK: Committer

    var band: RowBand?

    init(
        grid: TileGrid, options: RestorationOptions, client: Client, work: Double, lane: QueueLane,
        encodingWork: Double, scheduler: TileScheduler
    ) {
        self.grid = grid
        self.options = options
        self.client = client
        self.work = work
        self.encodingWork = encodingWork
        self.lane = lane
        encodingState = grid.encodesWholeImage ? .waiting : .notNeeded
        self.scheduler = scheduler
        enqueuedAt = monotonicSeconds()
        records.reserveCapacity(grid.count)
    }

    /// Where the restoration is. Never waits for work.
    public var status: RestorationStatus { scheduler.status(of: self) }

    /// One record per finished tile so far, in the order of the grid.
    public var finishedTiles: [TileRecord] { scheduler.finishedTiles(of: self) }

    /// Stops the work within one step of the network (the encoder of a tile, one sub-decoder, or some rows of a layer
    /// while the whole image is encoded). Returns at once: the completion
    /// tells when no worker is busy with the image any more, and a tile that is being blended may still be reported.
    /// Without effect on an ended restoration.
    public func cancel() { scheduler.cancel(self) }

    /// Asked before each step, without a lock.
    var isUnwanted: Bool { unwanted.load(ordering: .relaxed) }

    func markUnwanted() { unwanted.store(true, ordering: .relaxed) }

    /// Tiles that no worker has yet.
    var waitingTiles: Int { isUnwanted ? 0 : grid.count - nextTile }
}

/// How far the encoding of a whole image is, which its tiles wait for.
enum EncodingState: Sendable {
    /// Every tile is encoded alone.
    case notNeeded
    /// No worker has had it.
    case waiting
    /// A worker leads it.
    case running
    /// Between two turns.
    case paused
    /// Tiles may go; the features are there, unless a deadline left no time for them.
    case complete

    var isForTurn: Bool { self == .waiting || self == .paused }
    var letsTilesGo: Bool { self == .notNeeded || self == .complete }
}

/// What an image's owner lent: held until the image ends and not longer, since pictures and callbacks can be large.
struct Client: Sendable {
    let source: any TileSource
    /// nil for a dry run.
    let sink: (any RowSink)?
    let progress: (@Sendable (TileProgress) -> Void)?
    let completion: @Sendable (RestorationOutcome) -> Void
}
