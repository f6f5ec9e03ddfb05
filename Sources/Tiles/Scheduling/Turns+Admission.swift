/// Who is let in.
extension Turns {
    /// Why an image is not let in now; nil when it is, and then a promise that it had is kept.
    ///
    /// - Parameters:
    ///   - visit: nil: it is not promised anything.
    ///   - threads: workers that there are.
    mutating func refusal(
        of tiles: Int, in lane: QueueLane, _ visit: QueueVisit?, threads: Int, now: ContinuousClock.Instant = .now
    ) -> QueueFull? {
        guard case .waiting(let client, _) = lane else { return nil }
        promises.forgetOverdue(now)
        let shortage = surplus(ledger, lane, threads)
        var (seen, tooMany) = (ledger, shortage)
        // For who is awaited no room is held against it.
        if visit.map({ !isAwaited($0) }) ?? true {
            seen = promises.adding(to: ledger, against: client, but: visit?.promise)
            tooMany = surplus(seen, lane, threads)
        }
        guard tooMany != nil else {
            if let id = visit?.promise { promises.keep(id) }
            return nil
        }
        var full = QueueFull(
            limit: ledger.limit, actual: ledger.tiles, retryAfterSeconds: seconds(untilHandedOut: shortage ?? 0, of: lane),
            held: seen.tiles - ledger.tiles)
        guard let visit, !ledger.hasItsShare(lane) else { return full }
        if case .early = visit { return full }
        var line = promises
        let made = line.promise(tiles, in: lane, visit, now: now) { ahead in
            seconds(untilHandedOut: (shortage ?? 0) + (ahead ?? 0), of: lane)
        }
        (promises, full.promise, full.retryAfterSeconds) = (line, made.promise, made.wait)
        return full
    }

    private func isAwaited(_ visit: QueueVisit) -> Bool {
        if case .returned(let id) = visit { promises.holds(id) } else { false }
    }

    /// Tiles that have to go before an image is let in; nil: it is now.
    private func surplus(_ ledger: QueueLedger, _ lane: QueueLane, _ threads: Int) -> Int? {
        // Without a queue a worker has to be free.
        if ledger.limit == 0, ledger.tiles == 0 { return busyWorkers < threads ? nil : 0 }
        return ledger.surplus(for: lane)
    }
}
