import Kernels
import Network

/// What the members of the team do.
extension TileScheduler {
    /// The next turn for an idle member; the team's task source.
    func task(for member: Int) -> (() -> Void)? {
        // Asked whenever anything changes in the team, so most of the time in vain.
        guard hint.isAnyTileWaiting, let (restoration, turn, waited) = claim(for: member) else { return nil }
        return { [self] in
            if let waited { observer?.queueWaited(seconds: waited) }
            lead(turn, of: restoration, as: member)
        }
    }

    private func claim(for member: Int) -> (restoration: Restoration, turn: Turns.Turn, waited: Double?)? {
        turns.withLock { turns in
            guard let (restoration, turn) = turns.next() else { return nil }
            let now = monotonicSeconds()
            turns.isLeading[member] = true
            turns.throughput.began(at: now)
            guard restoration.state == .waiting else { return (restoration, turn, nil) }
            restoration.state = .running
            restoration.startedAt = now
            return (restoration, turn, now - restoration.enqueuedAt)
        }
    }

    private func lead(_ turn: Turns.Turn, of restoration: Restoration, as member: Int) {
        var done = 0.0
        var worker: TileWorker?
        do {
            switch turn {
            case .encoding: done = try encode(restoration)
            case .tile(let tile):
                let taken = takeWorker()
                worker = taken
                if try work(on: tile, of: restoration, with: taken) { done = restoration.work }
            }
        } catch {
            fail(restoration, with: error)
        }
        let ended = turns.withLock { turns -> (@Sendable () -> Void)? in
            let now = monotonicSeconds()
            turns.isLeading[member] = false
            // Handed over: who lets go of idle ones has the last hold.
            if let idle = worker.take() { turns.idleWorkers.append(.init(worker: idle, lastUsed: now)) }
            turns.throughput.ended(at: now, work: done)
            restoration.workers -= 1
            return endIfDone(restoration, &turns, at: now)
        }
        ended?()
    }

    /// False when the image is not wanted any more.
    private func work(on tile: Int, of restoration: Restoration, with worker: TileWorker) throws -> Bool {
        // Held by the image as long as a worker is busy with it, so now.
        guard let client = restoration.client else { return false }
        let task = TileTask(
            index: tile, grid: restoration.grid, options: restoration.options, source: client.source,
            encoding: restoration.encoding, depthLimit: depthLimit(of: tile, restoration),
            isWanted: { !restoration.isUnwanted })
        guard let finished = try worker.restore(task) else { return false }
        try deliver(finished, of: restoration, client)
        return true
    }

    /// For the time of one tile; used outside the lock by the member that leads it.
    private func takeWorker() -> TileWorker {
        if let idle = turns.withLock({ $0.idleWorkers.popLast() }) { return idle.worker }
        return TileWorker(
            network.makeRun(team: team), tile: configuration.tile,
            tileBytes: Self.workspaceBytes(of: network, tile: configuration.tile), pool: pool, observer: observer)
    }

    func depthLimit(of tile: Int, _ restoration: Restoration) -> Int {
        // A deadline left no time to encode the whole image.
        if restoration.encoding == nil, turns.withLock({ _ in restoration.encodingState == .complete }) { return 0 }
        guard let ask = restoration.options.depthLimit else { return network.subDecoders }
        let request = DepthRequest(
            tile: tile, total: restoration.grid.count, waiting: turns.withLock { _ in restoration.waitingTiles },
            secondsSinceEnqueued: monotonicSeconds() - restoration.enqueuedAt, subDecoders: network.subDecoders)
        return max(ask(request) ?? network.subDecoders, 0)
    }

    // MARK: In the order of the grid

    /// Blends the tile, and those after it that are done, unless another worker is at it or an earlier tile is missing.
    private func deliver(_ finished: FinishedTile, of restoration: Restoration, _ client: Client) throws {
        let isCommitter = turns.withLock { _ in
            restoration.pending[finished.record.index] = finished
            guard !restoration.isCommitting else { return false }
            restoration.isCommitting = true
            return true
        }
        guard isCommitter else { return }
        while let next = nextToCommit(of: restoration) {
            do {
                try blend(next, into: restoration, client)
            } catch {
                turns.withLock { _ in restoration.isCommitting = false }
                throw error
            }
            client.progress?(
                TileProgress(done: next.record.index + 1, total: restoration.grid.count, tile: next.record))
            let mayHandOut = turns.withLock { _ in
                restoration.committed += 1
                restoration.records.append(next.record)
                return restoration.waitingTiles > 0
            }
            // An idle member may have found that this image's tiles had run ahead as far as they may.
            if mayHandOut { team.wake() }
        }
    }

    /// nil also ends this worker's time as the committer.
    private func nextToCommit(of restoration: Restoration) -> FinishedTile? {
        turns.withLock { _ in
            if !restoration.isUnwanted, let next = restoration.pending.removeValue(forKey: restoration.committed) {
                return next
            }
            restoration.isCommitting = false
            return nil
        }
    }

    private func blend(_ tile: FinishedTile, into restoration: Restoration, _ client: Client) throws {
        defer { if let residual = tile.residual { pool.give(residual) } }
        guard let sink = client.sink, !restoration.options.dryRun else { return }
        let start = observer == nil ? 0 : monotonicSeconds()
        let options = restoration.options
        let band =
            restoration.band ?? RowBand(grid: restoration.grid, blend: options.blend, strength: options.strength)
        restoration.band = band
        if let residual = tile.residual { band.add(residual.values, of: tile.record.index) }
        try band.finish(after: tile.record.index, source: client.source, sink: sink)
        observer?.stageFinished(.blend, seconds: monotonicSeconds() - start)
    }
}

/// Encoding whole images, before their tiles.
extension TileScheduler {
    /// One turn of an image that is being encoded: about as long as a tile takes, so that other images' tiles go on.
    ///
    /// - Returns: work done, in whole tiles.
    /// - Throws: what the source throws; ``TilesError/noMemory(bytes:)``.
    func encode(_ restoration: Restoration) throws -> Double {
        // Held by the image as long as a worker is busy with it, so now.
        guard let client = restoration.client else { return 0 }
        let start = monotonicSeconds()
        let (before, patience) = turns.withLock { (restoration.encodedShare, $0.throughput.secondsPerTile) }
        // No time for any sub-decoder: encoding would be in vain.
        guard restoration.options.dryRun || depthLimit(of: 0, restoration) > 0 else {
            restoration.encoding = nil
            endTurn(of: restoration, share: 1, seconds: 0)
            return 0
        }
        let encoding =
            try restoration.encoding
            ?? network.makeImageEncoding(for: restoration.grid, tile: configuration.tile, team: team)
        restoration.encoding = encoding
        var share = before
        repeat {
            share = try encoding.advance(reading: client.source, restoration.grid)
        } while share < 1 && !restoration.isUnwanted && monotonicSeconds() - start < patience
        endTurn(of: restoration, share: share, seconds: monotonicSeconds() - start)
        return (share - before) * restoration.encodingWork
    }

    private func endTurn(of restoration: Restoration, share: Double, seconds: Double) {
        let total = turns.withLock { _ in
            restoration.encodedShare = share
            restoration.encodingSeconds += seconds
            restoration.encodingState = share >= 1 ? .complete : .paused
            return restoration.encodingSeconds
        }
        if share >= 1, restoration.encoding != nil { observer?.stageFinished(.imageEncoder, seconds: total) }
        // Idle members may have found nothing to do while this turn lasted.
        team.wake()
    }
}
