/// An answer on its way out.
struct PendingRecord {
    /// The position in the output behind its last byte.
    let end: UInt64
    let state: ExchangeState?
    /// What is known where the message was broken.
    let requestLine: (method: HTTPMethod, target: RequestTarget)?
    let status: HTTPStatus?
    let requestID: String
    /// Milliseconds of the loop's clock.
    let start: UInt64
    let requestBodyBytes: Int
    let responseBodyBytes: Int
    let problem: String?
}

extension Connection {
    func record(
        _ state: ExchangeState, status: HTTPStatus?, responseBodyBytes: Int = 0, problem: String? = nil,
        streamOutcome: AnswerRecord.Outcome? = nil
    ) {
        records.append(
            PendingRecord(
                end: streamOutcome == nil ? output.end : .max, state: state, requestLine: nil,
                status: status ?? (stream == nil ? nil : streamStatus),
                requestID: state.requestID(server.hooks.makeRequestID), start: requestStart,
                requestBodyBytes: bodyBytes, responseBodyBytes: status == nil ? streamBytes : responseBodyBytes,
                problem: problem))
    }

    /// Tells of the answers that have gone out whole.
    func emitRecords() {
        guard !records.isEmpty else { return }
        let done = records.prefix { $0.end <= output.sent }
        guard !done.isEmpty else { return }
        let emitted = Array(done)
        records.removeFirst(done.count)
        for record in emitted { emit(record, .complete) }
    }

    func emit(_ pending: PendingRecord, _ outcome: AnswerRecord.Outcome) {
        let head = pending.state?.head
        let milliseconds = loop.now >= pending.start ? loop.now - pending.start : 0
        server.hooks.didAnswer(
            AnswerRecord(
                method: head?.method ?? pending.requestLine?.method,
                target: head?.target.raw ?? pending.requestLine?.target.raw,
                route: pending.state?.withLock { $0.route }, client: pending.state?.withLock { $0.client }, status: pending.status,
                seconds: Double(milliseconds) / 1000, requestID: pending.requestID,
                requestBodyBytes: pending.requestBodyBytes, responseBodyBytes: pending.responseBodyBytes,
                serverProblem: pending.problem, remoteHost: remoteAddress.host, outcome: outcome, head: head))
    }
}
