import Dispatch

extension TileScheduler {
    /// Takes no new images from now on. Those inside go on.
    public func close() {
        turns.withLock { $0.isOpen = false }
    }

    /// Cancels every image.
    public func cancelAll() {
        for job in turns.withLock({ $0.ring }) { job.cancel() }
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
            var released: [TileWorker] = []
            for seat in turns.seats.indices where !turns.seats[seat].isLeading {
                let unused = now - turns.seats[seat].lastUsed
                guard let worker = turns.seats[seat].worker, unused >= seconds else { continue }
                released.append(worker)
                turns.seats[seat].worker = nil
            }
            return (released, turns.busyWorkers == 0)
        }
        if isIdle { pool.drain() }
        return released.count
    }
}
