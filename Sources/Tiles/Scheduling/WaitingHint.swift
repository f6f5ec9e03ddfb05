import Synchronization

/// Whether a tile waits, readable without the scheduler's lock.
final class WaitingHint: Sendable {
    private let isWaiting = Atomic<Bool>(false)

    /// Written with the lock held, before the team is woken: a member that is woken for a tile sees it.
    var isAnyTileWaiting: Bool {
        get { isWaiting.load(ordering: .acquiring) }
        set { isWaiting.store(newValue, ordering: .releasing) }
    }
}
