extension TileScheduler {
    /// Puts an image in the queue.
    ///
    /// - Parameters:
    ///   - source: read while tiles of the image run.
    ///   - sink: takes the finished rows; nil for a dry run only. May write into the memory of the source.
    ///   - ticket: a place reserved before; it is spent here.
    ///   - limited: whether the queue may refuse the image; has no meaning with a ticket.
    ///   - progress: on a worker thread after each tile, in the order of the grid.
    ///   - completion: on a Dispatch thread, exactly once.
    /// - Throws: ``TilesError``: `queueFull`, `stopped`, `badOption`, `emptyImage`. Nothing is called then.
    @discardableResult
    public func enqueue(
        source: any TileSource, sink: (any RowSink)?, options: RestorationOptions, ticket: QueueTicket? = nil,
        limited: Bool = true, progress: (@Sendable (TileProgress) -> Void)? = nil,
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
        let job = Restoration(
            grid: grid, options: options,
            client: Client(source: source, sink: sink, progress: progress, completion: completion),
            work: Double(grid.tileWidth * grid.tileHeight) / wholeTile * max(ofTile, Self.classifierShare),
            encodingWork: Double(grid.columns.paddedLength * grid.rows.paddedLength) / wholeTile * ofImage,
            scheduler: self)
        let place = ticket.flatMap { $0.spend() ? $0.tiles : nil }
        let refusal = turns.withLock { [self] turns -> TilesError? in
            if let place { turns.reservedTiles -= place }
            if let refusal = self.refusal(turns, limited: limited && place == nil) { return refusal }
            turns.join(job)
            unfinished.enter()
            return nil
        }
        if let refusal { throw refusal }
        team.wake()
        return job
    }

    /// Reserves a place for an image whose size is known and whose pixels are not decoded yet, so that nothing is
    /// decoded in vain.
    ///
    /// - Parameter limited: whether the queue may refuse; not for work that was accepted before.
    /// - Throws: ``TilesError/queueFull(_:)``, ``TilesError/stopped``.
    public func reserve(tiles: Int, limited: Bool = true) throws(TilesError) -> QueueTicket {
        let refusal = turns.withLock { [self] turns -> TilesError? in
            if let refusal = self.refusal(turns, limited: limited) { return refusal }
            turns.reservedTiles += tiles
            return nil
        }
        if let refusal { throw refusal }
        return QueueTicket(tiles: tiles, scheduler: self)
    }

    func releaseReservation(of tiles: Int) {
        turns.withLock { $0.reservedTiles -= tiles }
    }

    /// How much of a tile's work the encoder is taken for in estimates; whatever it really is, a dry run is short.
    private static let encoderShare = 0.5
    /// What is left of a tile's work in a dry run of an image that is encoded as a whole.
    private static let classifierShare = 0.01

    private func refusal(_ turns: borrowing Turns, limited: Bool) -> TilesError? {
        guard turns.isOpen else { return .stopped }
        let waiting = turns.waitingTiles + turns.reservedTiles
        let limit = configuration.queueLimit
        guard limited, waiting >= limit else { return nil }
        if waiting == 0, turns.busyWorkers < configuration.threads { return nil }
        return .queueFull(
            QueueFull(limit: limit, actual: waiting, retryAfterSeconds: turns.secondsUntilRoom(limit: limit)))
    }
}
