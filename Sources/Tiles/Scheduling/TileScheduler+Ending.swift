import Dispatch
import Kernels

/// How images end: each exactly once.
extension TileScheduler {
    func cancel(_ restoration: Restoration) {
        let ended = turns.withLock { turns -> (@Sendable () -> Void)? in
            guard !restoration.state.isFinal, !restoration.isUnwanted else { return nil }
            let now = monotonicSeconds()
            restoration.cancelledAt = now
            turns.abandon(restoration)
            return endIfDone(restoration, &turns, at: now)
        }
        ended?()
    }

    /// The source or the sink threw. The first error counts; after a cancellation none does.
    func fail(_ restoration: Restoration, with error: any Error) {
        turns.withLock { turns in
            guard !restoration.isUnwanted else { return }
            restoration.failure = error
            turns.abandon(restoration)
        }
    }

    /// Ends the image if nobody works on it and nothing is left to do.
    ///
    /// - Returns: what to do without the lock.
    func endIfDone(_ restoration: Restoration, _ turns: inout Turns, at now: Double) -> (@Sendable () -> Void)? {
        let isDone = restoration.isUnwanted || restoration.committed == restoration.grid.count
        guard isDone, !restoration.state.isFinal, restoration.workers == 0 else { return nil }
        let outcome: RestorationOutcome
        let hasStarted = restoration.startedAt != nil
        let stage: CancelledStage? = restoration.cancelledAt == nil ? nil : hasStarted ? .infer : .queue
        if restoration.committed == restoration.grid.count, restoration.failure == nil {
            // A cancellation that came after the last tile changes nothing any more.
            restoration.state = .succeeded
            outcome = .succeeded(report(of: restoration, at: now))
        } else if let failure = restoration.failure {
            restoration.state = .failed
            outcome = .failed(failure)
        } else {
            restoration.state = .cancelled
            outcome = .cancelled
        }
        turns.leave(restoration)
        let leftovers = restoration.pending.values.compactMap(\.residual)
        let (client, band, encoding) = (restoration.client, restoration.band, restoration.encoding)
        restoration.pending = [:]
        restoration.client = nil
        restoration.band = nil
        restoration.encoding = nil
        let secondsToIdle = now - (restoration.cancelledAt ?? now)
        let isCancelled = restoration.state == .cancelled
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

    private func report(of restoration: Restoration, at now: Double) -> RestorationReport {
        let started = restoration.startedAt ?? now
        return RestorationReport(
            grid: restoration.grid, tiles: restoration.records, queueSeconds: started - restoration.enqueuedAt,
            runSeconds: now - started)
    }
}

extension TileScheduler {
    /// Takes no new images from now on. Those inside go on.
    public func close() {
        turns.withLock { $0.isOpen = false }
    }

    /// Cancels every image.
    public func cancelAll() {
        for restoration in turns.withLock({ $0.ring }) { restoration.cancel() }
    }

    /// Waits until every image has been completed.
    ///
    /// - Returns: false when that takes longer than `seconds`; nil waits for ever.
    public func waitUntilIdle(seconds: Double? = nil) -> Bool {
        unfinished.wait(timeout: seconds.map { .now() + $0 } ?? .distantFuture) == .success
    }

    /// Calls `body` when every image has been completed; at once when there is none.
    public func whenIdle(on queue: DispatchQueue, _ body: @escaping @Sendable () -> Void) {
        unfinished.notify(queue: queue, execute: body)
    }

    /// Takes no new images, cancels those inside, waits for them, and ends the threads. A scheduler that is not needed
    /// any more has to be stopped. Not to be called from a callback.
    public func stop() {
        close()
        cancelAll()
        _ = waitUntilIdle()
        team.stop()
        releaseIdleMemory(unusedFor: 0)
    }

    /// Lets go of workspaces whose worker has not led a tile for that long, and of spare buffers.
    ///
    /// - Returns: how many workspaces.
    @discardableResult
    public func releaseIdleMemory(unusedFor seconds: Double) -> Int {
        let now = monotonicSeconds()
        let (released, isIdle) = turns.withLock { turns in
            let released = turns.idleWorkers.filter { now - $0.lastUsed >= seconds }
            turns.idleWorkers.removeAll { now - $0.lastUsed >= seconds }
            return (released, turns.busyWorkers == 0)
        }
        if isIdle { pool.drain() }
        return released.count
    }
}
