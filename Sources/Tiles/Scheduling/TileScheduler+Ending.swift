import Dispatch

/// How images end: each exactly once.
extension TileScheduler {
    func cancel(_ job: Restoration) {
        let ended = turns.withLock { turns -> (@Sendable () -> Void)? in
            guard !job.state.isFinal, !job.isUnwanted else { return nil }
            let now = monotonicSeconds()
            job.cancelledAt = now
            turns.abandon(job)
            return endIfDone(job, &turns, at: now)
        }
        ended?()
    }

    /// The source or the sink threw. The first error counts; after a cancellation none does.
    func fail(_ job: Restoration, with error: any Error) {
        turns.withLock { turns in
            guard !job.isUnwanted else { return }
            job.failure = error
            turns.abandon(job)
        }
    }

    /// Ends the image if nobody works on it and nothing is left to do.
    ///
    /// - Returns: what to do without the lock.
    func endIfDone(_ job: Restoration, _ turns: inout Turns, at now: Double) -> (@Sendable () -> Void)? {
        let isDone = job.isUnwanted || job.committed == job.grid.count
        guard isDone, !job.state.isFinal, job.workers == 0 else { return nil }
        let outcome: RestorationOutcome
        let stage: CancelledStage? = job.cancelledAt == nil ? nil : job.startedAt == nil ? .queue : .infer
        if job.committed == job.grid.count, job.failure == nil {
            // A cancellation that came after the last tile changes nothing any more.
            job.state = .succeeded
            outcome = .succeeded(report(of: job, at: now))
        } else if let failure = job.failure {
            job.state = .failed
            outcome = .failed(failure)
        } else {
            job.state = .cancelled
            outcome = .cancelled
        }
        turns.leave(job)
        let leftovers = job.pending.values.compactMap(\.residual)
        let (client, band, encoding) = (job.client, job.band, job.encoding)
        job.pending = [:]
        job.client = nil
        job.band = nil
        job.encoding = nil
        let secondsToIdle = now - (job.cancelledAt ?? now)
        let isCancelled = job.state == .cancelled
        return { [self] in
            for residual in leftovers { pool.give(residual) }
            if isCancelled, let stage { observer?.cancelled(at: stage, secondsToIdle: secondsToIdle) }
            // Large memory is returned here, not under the lock.
            _ = (band, encoding)
            if let seconds = configuration.idleMemorySeconds {
                completions.asyncAfter(deadline: .now() + seconds) { [weak self] in
                    // A little less, so that the worker of this very image is not missed by its last microseconds.
                    self?.releaseIdleMemory(unusedFor: 0.9 * seconds)
                }
            }
            completions.async { [unfinished] in
                client?.completion(outcome)
                unfinished.leave()
            }
        }
    }

    private func report(of job: Restoration, at now: Double) -> RestorationReport {
        let started = job.startedAt ?? now
        return RestorationReport(
            grid: job.grid, tiles: job.records, queueSeconds: started - job.enqueuedAt, runSeconds: now - started)
    }
}
