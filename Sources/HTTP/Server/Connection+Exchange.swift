import Sockets

extension Connection {
    // MARK: A request begins

    func begin(_ head: RequestHead, _ bytes: UnsafeBufferPointer<UInt8>, _ offset: inout Int) {
        let state = ExchangeState(head: head)
        exchange = state
        phase = .waiting
        bodyBytes = 0
        isBodyComplete = !head.hasBody
        if isBodyComplete {
            // Without a body the parser's next word is the end, whatever follows.
            _ = parser.next(bytes, at: &offset)
        }
        isBodyComing = offset < bytes.count
        if let problem = ownProblem(for: head) {
            if state.claimAnswer() { answer = .problem(problem) }
        } else if head.target.form == .asterisk {
            // RFC 9110 §9.3.7: about the server as a whole.
            let allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
            if state.claimAnswer() { answer = .response(Response(.ok, headers: ["Allow": allow])) }
        } else {
            server.handler.handle(Exchange(state: state, connection: self))
        }
    }

    /// What the server refuses on its own although the message is sound.
    private func ownProblem(for head: RequestHead) -> Problem? {
        if let problem = server.hooks.refusal(head, remoteAddress) { return problem }
        // RFC 9110 §9.1; a tunnel (§9.3.6) is not offered by anything here.
        if head.method == .connect || !HTTPMethod.known.contains(head.method) {
            return Problem(.notImplemented, code: "not_implemented", detail: "This method is not known here.")
        }
        // RFC 9110 §10.1.1.
        if head.expectations.contains(where: { !HTTPHeaders.same($0, "100-continue") }) {
            return Problem(
                .expectationFailed, code: "expectation_failed",
                detail: "The only expectation that is understood here is 100-continue.")
        }
        if !server.handler.isAlwaysServed(head), !takesPlace() {
            return Problem(
                .serviceUnavailable, code: "too_many_connections", detail: "There are too many connections.",
                headers: ["Retry-After": "1"], closesConnection: true)
        }
        return nil
    }

    // MARK: The body

    func collectBody(
        of state: ExchangeState, limit: Int?, progress: (@Sendable (Int) -> Void)?,
        _ completion: @escaping @Sendable (Result<[UInt8], BodyFailure>) -> Void
    ) {
        enter { connection in
            guard connection.exchange === state, connection.phase == .waiting, connection.completion == nil,
                connection.answer == nil
            else { return completion(.failure(.disconnected)) }
            connection.collectBody(state, limit: limit ?? connection.server.configuration.limits.body, completion)
            if connection.completion != nil { connection.progress = progress }
        }
    }

    private func collectBody(
        _ state: ExchangeState, limit: Int, _ completion: @escaping @Sendable (Result<[UInt8], BodyFailure>) -> Void
    ) {
        if isBodyComplete { return completion(.success([])) }
        if let length = state.head.contentLength {
            guard length <= limit else {
                refuseBody(state, .tooLarge(limit: limit), actual: length)
                return completion(.failure(.tooLarge(limit: limit, actual: length)))
            }
            // A part at first: an announcement alone must not cost memory. The rest follows once that part has come.
            body.reserveCapacity(min(length, max(1 << 20, length / 8)))
        }
        self.completion = completion
        parser.bodyLimit = limit
        phase = .collecting
        beginBody()
        // RFC 9110 §10.1.1: not when the body is coming anyway.
        if state.head.expectsContinue, !isBodyComing {
            output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
            flush()
        }
    }

    func didCompleteBody() {
        isBodyComplete = true
        switch phase {
        case .collecting:
            phase = .waiting
            var whole: [UInt8] = []
            swap(&whole, &body)
            let completion = completion
            self.completion = nil
            completion?(.success(whole))
        case .discarding where exchange == nil: becomeIdle()
        default: break
        }
    }

    private func refuseBody(_ state: ExchangeState, _ failure: ParseFailure, actual: Int?) {
        guard state.claimAnswer() else { return }
        var problem = failure.problem
        if let actual { problem.members.append(("actual", .integer(actual))) }
        answer = .problem(problem)
    }

    // MARK: Failure

    /// The message cannot be read on: answers and ends the connection. An answer that has been given already but has
    /// not gone out is replaced: it was given to a request that turned out to be none.
    func fail(_ failure: ParseFailure) {
        let completion = completion
        self.completion = nil
        body = []
        isBodyComplete = true
        switch phase {
        case .discarding where exchange == nil:
            // The answer has gone; a second one would be taken for that of the next request.
            phase = .ending
        case .head:
            let now = loop.now
            requestStart = parser.isIdle ? now : requestStart
            sendProblem(failure.problem, code: failure.code)
        default:
            if case .stream(_, let stream)? = answer { stream.disconnect() }
            _ = exchange?.claimAnswer()
            answer = nil
            sendProblem(failure.problem, code: failure.code)
        }
        switch failure.status {
        case .contentTooLarge: completion?(.failure(.tooLarge(limit: failure.limit ?? 0, actual: nil)))
        case .requestTimeout: completion?(.failure(.timeout))
        default: completion?(.failure(.malformed))
        }
    }

    // MARK: From the handler

    func answer(_ state: ExchangeState, with answer: Answer) {
        enter { connection in
            guard connection.exchange === state, connection.answer == nil else {
                if case .stream(_, let stream) = answer { stream.disconnect() }
                return
            }
            connection.answer = answer
        }
    }

    func didMarkSlow(_ state: ExchangeState) {
        enter { connection in
            // The end may have come before the mark: `process` looks, once this is done.
            guard connection.exchange === state else { return }
            connection.hasNews = true
        }
    }

    /// The stream has something new.
    func pump(_ state: StreamState) {
        enter { connection in
            // Before its head is out the stream keeps what it has.
            if connection.stream === state { connection.pumpStream() }
        }
    }

    func abort(_ state: StreamState) {
        enter { connection in
            if connection.stream === state || connection.isWaiting(state) { connection.close(.cut) }
        }
    }

    /// Whether the stream is the answer that waits to be sent.
    private func isWaiting(_ state: StreamState) -> Bool {
        if case .stream(_, let stream)? = answer { stream === state } else { false }
    }
}
