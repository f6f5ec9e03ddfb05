/// Estimates from measured throughput. Work is counted in whole tiles.
extension Turns {
    /// Work of an image that is not done: what is left of its encoding, waiting tiles, and half of each tile at work.
    private func remaining(_ job: Restoration) -> Double {
        (Double(job.waitingTiles) + Double(job.workers) / 2) * job.work + encodingLeft(job)
    }

    /// Of the work of encoding a whole image; as many turns, since one lasts about as long as a whole tile.
    private func encodingLeft(_ job: Restoration) -> Double {
        job.isUnwanted || job.encodingState == .complete ? 0 : (1 - job.encodedShare) * job.encodingWork
    }

    /// Seconds until `work` more whole tiles are done that take turns with everything that is here.
    ///
    /// While an image works through r tiles, any other gets at most r turns.
    func seconds(forTiles tiles: Double, work: Double, besides own: Restoration? = nil) -> Double {
        let others = ring.reduce(0.0) { sum, job in
            guard job !== own else { return sum }
            let turn = encodingLeft(job) > 0 ? 1 : job.work
            return sum + min(remaining(job), tiles * turn)
        }
        return (others + work) * throughput.secondsPerTile
    }

    /// Seconds until the end of an image that is here.
    func secondsLeft(of job: Restoration) -> Double {
        let tiles = Double(job.waitingTiles) + Double(job.workers) / 2 + encodingLeft(job)
        return seconds(forTiles: tiles, work: remaining(job), besides: job)
    }

    /// Seconds until fewer than `limit` tiles wait.
    func secondsUntilRoom(limit: Int) -> Double {
        let waiting = waitingTiles + reservedTiles
        let surplus = Double(waiting - max(limit, 1) + 1)
        guard surplus > 0 else { return 0 }
        let work = ring.reduce(0.0) { $0 + Double($1.waitingTiles) * $1.work + encodingLeft($1) }
        let workPerTile = waitingTiles > 0 ? work / Double(waitingTiles) : 1
        return surplus * workPerTile * throughput.secondsPerTile
    }

    /// Images whose first tile starts before that of `job`; nil once it has started.
    func position(of job: Restoration) -> Int? {
        guard job.state == .waiting else { return nil }
        var ahead = 0
        for step in ring.indices {
            let other = ring[(cursor + step) % ring.count]
            if other === job { return ahead }
            if other.state == .waiting, other.waitingTiles > 0 { ahead += 1 }
        }
        return nil
    }
}
