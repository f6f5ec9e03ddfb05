import Synchronization

/// A place in the queue for an image that is still being decoded.
///
/// Its tiles count as waiting until it is used or let go of.
public final class QueueTicket: Sendable {
    /// Tiles it reserves.
    public let tiles: Int
    let lane: QueueLane
    private let scheduler: TileScheduler
    private let spent = Atomic<Bool>(false)

    init(tiles: Int, lane: QueueLane, scheduler: TileScheduler) {
        self.tiles = tiles
        self.lane = lane
        self.scheduler = scheduler
    }

    deinit {
        release()
    }

    /// Gives the place back. Without effect when it was used or given back before.
    public func release() {
        if spend() { scheduler.releaseReservation(of: tiles, in: lane) }
    }

    /// True once.
    func spend() -> Bool {
        !spent.exchange(true, ordering: .acquiringAndReleasing)
    }
}
