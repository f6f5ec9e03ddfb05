import Network

/// Encoding whole images, before their tiles.
extension TileScheduler {
    /// One turn of an image that is being encoded: about as long as a tile takes, so that other images' tiles go on.
    ///
    /// - Returns: work done, in whole tiles.
    /// - Throws: what the source throws; ``TilesError/noMemory(bytes:)``.
    func encode(_ job: Restoration) throws -> Double {
        // Held by the image as long as a worker is busy with it, so now.
        guard let client = job.client else { return 0 }
        let start = monotonicSeconds()
        let (before, patience) = turns.withLock { (job.encodedShare, $0.throughput.secondsPerTile) }
        // No time for any sub-decoder: encoding would be in vain.
        guard job.options.dryRun || depthLimit(of: 0, job) > 0 else {
            job.encoding = nil
            endTurn(of: job, share: 1, seconds: 0)
            return 0
        }
        let encoding = try job.encoding ?? makeEncoding(job.grid)
        job.encoding = encoding
        var share = before
        repeat {
            share = try encoding.advance { y, row in
                try TileReader.readRow(y, of: job.grid, from: client.source, into: row)
            }
        } while share < 1 && !job.isUnwanted && monotonicSeconds() - start < patience
        endTurn(of: job, share: share, seconds: monotonicSeconds() - start)
        return (share - before) * job.encodingWork
    }

    private func makeEncoding(_ grid: TileGrid) throws(TilesError) -> any ImageEncoding {
        let made = network.makeImageEncoding(
            height: grid.rows.paddedLength, width: grid.columns.paddedLength, tileSide: configuration.tile.side,
            team: team)
        guard let made else { throw .noMemory(bytes: encodingBytes(for: grid) ?? 0) }
        return made
    }

    private func endTurn(of job: Restoration, share: Double, seconds: Double) {
        let total = turns.withLock { _ in
            job.encodedShare = share
            job.encodingSeconds += seconds
            job.encodingState = share >= 1 ? .complete : .paused
            return job.encodingSeconds
        }
        if share >= 1, job.encoding != nil { observer?.stageFinished(.imageEncoder, seconds: total) }
        // Idle members may have found nothing to do while this turn lasted.
        team.wake()
    }
}
