/// Where a job is.
extension JobRunner {
    /// Jobs that have no memory yet.
    var queuedJobs: Int { state.withLock { $0.queue.count } }

    func document(_ job: Job) -> JobDocument {
        let (record, work) = job.state.withLock { ($0.record, $0.work) }
        var moment = JobDocument.Moment(tilesDone: record.tilesDone, exits: record.exits)
        switch record.state {
        case .queued:
            moment.position = position(of: job)
            moment.etaSeconds = moment.position.flatMap { estimate(ahead: $0, of: job) }
        case .running: moment.etaSeconds = work?.etaSeconds
        case .succeeded, .failed, .cancelled: break
        }
        return JobDocument(record, moment)
    }

    /// Photos whose turn comes before this one's.
    private func position(of job: Job) -> Int? {
        state.withLock { state in
            if state.waiting === job { return 0 }
            let before = state.waiting == nil ? 0 : 1
            if let position = state.queue.position(of: job) { return before + position }
            return state.recovered.firstIndex { $0 === job }.map { before + state.queue.count + $0 }
        }
    }

    /// Seconds until the end of a job with so many ahead of it; nil as long as nothing was measured.
    func estimate(ahead: Int, of job: Job) -> Double? {
        let (engine, mean) = state.withLock { state in
            (state.engine, Double(state.queue.tiles) / Double(max(1, state.queue.count)))
        }
        guard let engine, engine.scheduler.isMeasured else { return nil }
        // Those ahead are taken to be like all that wait: looking at each would take longer the more there are.
        let work = job.wholeTiles(side: engine.model.tile.side) + Double(ahead) * mean
        return engine.scheduler.estimatedSeconds(forTiles: Int(work.rounded(.up)))
    }
}

extension Job {
    /// For the photo's file and its pixels; nil without a plan.
    var memoryBytes: Int? { state.withLock { state in state.plan.map { $0.bytes + (state.record.input?.bytes ?? 0) } } }

    /// Its work, in tiles of full size.
    func wholeTiles(side: Int) -> Double {
        state.withLock { state in
            guard let grid = state.plan?.grid else { return Double(state.record.tiles) }
            return Double(grid.count * grid.tileWidth * grid.tileHeight) / Double(side * side)
        }
    }
}
