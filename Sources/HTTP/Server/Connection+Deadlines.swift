extension Connection {
    /// Ends what has taken too long.
    func checkDeadlines() {
        let times = server.configuration.timeouts
        let now = loop.now
        if !output.isEmpty, writeStart > 0 {
            if isOver(lastWrite, times.write, now)
                || writePace.isTooSlow(
                    total: output.sent, now: now, window: times.write, rate: times.minimumRate)
            {
                socket.resetWhenClosed()
                return close(.clientGone)
            }
        }
        switch phase {
        case .head:
            guard output.isEmpty || !parser.isIdle else { return }
            if !parser.isIdle {
                if isOver(headStart, times.header, now) { timeOut("The request's head took too long.") }
            } else if isOver(idleStart, hasAnswered ? times.idle : times.header, now) {
                // A client that has not begun to ask is not told anything.
                close(.complete)
            }
        case .collecting, .discarding:
            if isBodyTooSlow(now) {
                timeOut("The request's body took too long.")
            } else if isHoldingUp(now) {
                timeOut("The server is going down, and the request's body does not come on.")
            }
        case .lingering:
            if isOver(lingerStart, times.linger, now) { close(.complete) }
        case .waiting, .streaming, .ending, .closed: break
        }
    }

    func beginBody() {
        (bodyStart, lastRead) = (loop.now, loop.now)
        bodyPace = BytePace(at: loop.now, total: UInt64(bodyBytes))
        hurriedPace = nil
    }

    /// By its silence, by what came in the last window, and by its end, which follows from its size.
    private func isBodyTooSlow(_ now: UInt64) -> Bool {
        let times = server.configuration.timeouts
        let expected = max(exchange?.head.contentLength ?? 0, bodyBytes)
        return isOver(lastRead, times.body, now)
            || bodyPace.isTooSlow(total: UInt64(bodyBytes), now: now, window: times.body, rate: times.minimumRate)
            || isOver(bodyStart, times.body + Double(expected) / times.averageRate, now)
    }

    /// Whether the end of the server waits for a body that does not come.
    private func isHoldingUp(_ now: UInt64) -> Bool {
        guard server.isHurrying else { return false }
        let times = server.configuration.timeouts
        var pace = hurriedPace ?? BytePace(at: now, total: UInt64(bodyBytes))
        defer { hurriedPace = pace }
        return pace.isTooSlow(
            total: UInt64(bodyBytes), now: now, window: min(times.drainPatience, times.body), rate: times.minimumRate)
    }

    private func timeOut(_ detail: String) {
        fail(ParseFailure(status: .requestTimeout, code: "request_timeout", detail: detail))
        process()
    }

    private func isOver(_ start: UInt64, _ seconds: Double, _ now: UInt64) -> Bool {
        now > start && Double(now - start) > seconds * 1000
    }
}

/// Whether a transfer keeps up with the least rate, counted over a recent window and not over its life: who sent much at
/// first and then next to nothing is as slow as who never sent much.
struct BytePace {
    private struct Mark {
        /// Milliseconds of the loop's clock.
        var at: UInt64
        /// Bytes until then.
        var total: UInt64
    }

    /// A window is looked at in so many parts: what stops is noticed a part of a window late at most.
    private static let parts: UInt64 = 4

    private var first: Mark
    private var later: [Mark] = []

    init(at now: UInt64 = 0, total: UInt64 = 0) { first = Mark(at: now, total: total) }

    /// To be asked more often than four times a window.
    ///
    /// - Parameters:
    ///   - seconds: the window.
    ///   - rate: bytes per second, at least.
    mutating func isTooSlow(total: UInt64, now: UInt64, window seconds: Double, rate: Double) -> Bool {
        let window = UInt64(max(seconds, 0) * 1000)
        guard now >= first.at else { return false }
        if now - (later.last ?? first).at >= max(window / Self.parts, 1) { later.append(Mark(at: now, total: total)) }
        while let next = later.first, now - next.at > window { first = later.removeFirst() }
        let age = now - first.at
        return age > window && Double(total - first.total) * 1000 < rate * Double(age)
    }
}
