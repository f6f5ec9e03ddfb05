import Synchronization

extension TileScheduler {
    /// Puts an image in the queue.
    ///
    /// - Parameters:
    ///   - source: read while tiles of the image run.
    ///   - sink: takes the finished rows; nil for a dry run only. May write into the memory of the source.
    ///   - ticket: a place reserved before; it is spent here.
    ///   - limited: whether the queue may refuse the image; has no meaning with a ticket, which brings its own.
    ///   - account: whose it is; clients take turns and share the queue.
    ///   - progress: on a worker thread after each tile, in the order of the grid.
    ///   - completion: on a Dispatch thread, exactly once.
    ///   - options: how it is restored.
    /// - Throws: ``TilesError``: `queueFull`, `stopped`, `badOption`, `emptyImage`. Nothing is called then.
    @discardableResult
    public func enqueue(
        source: any TileSource, sink: (any RowSink)?, options: RestorationOptions, ticket: QueueTicket? = nil,
        limited: Bool = true, client account: String = "", progress: (@Sendable (TileProgress) -> Void)? = nil,
        completion: @escaping @Sendable (RestorationOutcome) -> Void
    ) throws(TilesError) -> Restoration {
        let grid = try grid(width: source.width, height: source.height, mode: options.mode)
        try options.validate(subDecoders: network.subDecoders)
        if sink == nil, !options.dryRun {
            throw .badOption(name: "sink", value: "none", expected: "one, except for a dry run")
        }
        let wholeTile = Double(configuration.tile.side * configuration.tile.side)
        let ofTile = (grid.encodesWholeImage ? 0 : Self.encoderShare) + (options.dryRun ? 0 : 1 - Self.encoderShare)
        let ofImage = grid.encodesWholeImage ? Self.encoderShare : 0
        let restoration = Restoration(
            grid: grid, options: options,
            client: Client(source: source, sink: sink, progress: progress, completion: completion),
            work: Double(grid.tileWidth * grid.tileHeight) / wholeTile * max(ofTile, Self.classifierShare),
            lane: ticket?.lane ?? lane(client: account, tiles: grid.count, limited: limited),
            encodingWork: Double(grid.columns.paddedLength * grid.rows.paddedLength) / wholeTile * ofImage,
            scheduler: self)
        let place = ticket.flatMap { $0.spend() ? $0.tiles : nil }
        let refusal = turns.withLock { [self] turns -> TilesError? in
            if let place { turns.giveBack(place, of: restoration.lane) }
            if let refusal = self.refusal(&turns, place == nil ? restoration.lane : .accepted, tiles: grid.count) { return refusal }
            turns.join(restoration)
            unfinished.enter()
            return nil
        }
        if let refusal { throw refusal }
        team.wake()
        return restoration
    }

    /// Reserves a place for an image whose size is known and whose pixels are not decoded yet, so that nothing is
    /// decoded in vain.
    ///
    /// - Parameters:
    ///   - limited: whether the queue may refuse; not for work that was accepted before.
    ///   - client: on whose account.
    ///   - tiles: of the image.
    ///   - visit: how the client comes, where it comes back when it is refused; nil where it does not.
    /// - Throws: ``TilesError/queueFull(_:)``, ``TilesError/stopped``.
    public func reserve(
        tiles: Int, limited: Bool = true, client: String = "", visit: QueueVisit? = nil
    ) throws(TilesError) -> QueueTicket {
        let lane = lane(client: client, tiles: tiles, limited: limited)
        let refusal = turns.withLock { [self] turns -> TilesError? in
            if let refusal = self.refusal(&turns, lane, tiles: tiles, visit) { return refusal }
            turns.reserve(tiles, in: lane)
            return nil
        }
        if let refusal { throw refusal }
        return QueueTicket(tiles: tiles, lane: lane, scheduler: self)
    }

    /// Whoever was promised room is on its way: the promise counts for so long at least.
    public func extend(promise id: UInt64, seconds: Double) {
        turns.withLock { $0.promises.extend(id, until: .now + .seconds(seconds)) }
    }

    private func lane(client: String, tiles: Int, limited: Bool) -> QueueLane {
        turns.withLock { $0.ledger.lane(client: client, tiles: tiles, limited: limited) }
    }

    func releaseReservation(of tiles: Int, in lane: QueueLane) {
        turns.withLock { $0.giveBack(tiles, of: lane) }
    }

    /// How much of a tile's work the encoder is taken for in estimates; whatever it really is, a dry run is short.
    private static let encoderShare = 0.5
    /// What is left of a tile's work in a dry run of an image that is encoded as a whole.
    private static let classifierShare = 0.01

    private func refusal(_ turns: inout Turns, _ lane: QueueLane, tiles: Int, _ visit: QueueVisit? = nil) -> TilesError? {
        guard turns.isOpen else { return .stopped }
        return turns.refusal(of: tiles, in: lane, visit, threads: configuration.threads).map { .queueFull($0) }
    }
}

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
