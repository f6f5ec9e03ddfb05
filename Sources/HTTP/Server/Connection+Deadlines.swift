extension Connection {
    /// Ends what has taken too long.
    func checkDeadlines() {
        let times = server.configuration.timeouts
        let now = loop.now
        if !output.isEmpty, writeStart > 0 {
            let allowance = Double(output.sent - writeStartSent) / times.minimumRate
            if isOver(lastWrite, times.write, now) || isOver(writeStart, times.write + allowance, now) {
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
            let allowance = Double(bodyBytes) / times.minimumRate
            guard isOver(lastRead, times.body, now) || isOver(bodyStart, times.body + allowance, now) else { return }
            timeOut("The request's body took too long.")
        case .lingering:
            if isOver(lingerStart, times.linger, now) { close(.complete) }
        case .waiting, .streaming, .ending, .closed: break
        }
    }

    private func timeOut(_ detail: String) {
        fail(ParseFailure(status: .requestTimeout, code: "request_timeout", detail: detail))
        process()
    }

    private func isOver(_ start: UInt64, _ seconds: Double, _ now: UInt64) -> Bool {
        now > start && Double(now - start) > seconds * 1000
    }
}
