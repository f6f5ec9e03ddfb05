extension TileScheduler {
    /// Tiles that no worker has yet, those of images being decoded included.
    public var queuedTiles: Int { turns.withLock { $0.waitingTiles + $0.reservedTiles } }

    /// Images that have not ended.
    public var images: Int { turns.withLock { $0.ring.count } }

    /// Images without a tile handed to a worker.
    public var queuedImages: Int { turns.withLock { turns in turns.ring.count { $0.state == .waiting } } }

    /// Workers that lead a tile. Others may help them.
    public var busyWorkers: Int { turns.withLock { $0.busyWorkers } }

    /// Whole tiles per second while workers are busy: measured, or assumed before the first tile.
    public var tilesPerSecond: Double { 1 / turns.withLock { $0.throughput.secondsPerTile } }

    /// Seconds until an image of `tiles` whole tiles would be done if it came now and nothing waited for it.
    public func estimatedSeconds(forTiles tiles: Int) -> Double {
        turns.withLock { $0.seconds(forTiles: Double(tiles), work: Double(tiles), in: .accepted) }
    }

    /// Of those whom the queue's limit bounds: the ones of images that are not small, and of small ones.
    public var boundedTiles: (large: Int, small: Int) { turns.withLock { ($0.ledger.large, $0.ledger.small) } }

    /// Seconds until the queue has room again for an image of that client that is not small; 0 when it has.
    public func secondsUntilRoom(client: String = "") -> Double {
        turns.withLock { turns in
            let lane = QueueLane.waiting(client: client, isSmall: false)
            return turns.ledger.surplus(for: lane).map { turns.seconds(untilHandedOut: $0, of: lane) } ?? 0
        }
    }

    /// Seconds until the first of the images that are here has ended; nil when there is none.
    public var secondsUntilNextEnd: Double? {
        turns.withLock { turns in turns.ring.map { turns.secondsLeft(of: $0) }.min() }
    }

    /// Whether estimates rest on measurements yet.
    public var isMeasured: Bool { turns.withLock { $0.throughput.isMeasured } }

    func status(of restoration: Restoration) -> RestorationStatus {
        turns.withLock { turns in
            RestorationStatus(
                state: restoration.state, done: restoration.committed, total: restoration.grid.count,
                exits: restoration.records.reduce(into: [:]) { counts, tile in
                    if let exit = tile.exit { counts[exit, default: 0] += 1 }
                },
                position: turns.position(of: restoration),
                etaSeconds: restoration.state.isFinal ? nil : turns.secondsLeft(of: restoration))
        }
    }

    func finishedTiles(of restoration: Restoration) -> [TileRecord] {
        turns.withLock { _ in restoration.records }
    }

    /// Violated invariants in words; empty when all hold. For tests, at any moment.
    package func checkInvariants() -> [String] {
        turns.withLock { $0.checkInvariants() }
    }
}
