import Foundation
import Sockets

extension Connection {
    // MARK: Answers

    /// Sends the answer if its time has come; false when it has to wait.
    ///
    /// An answer that comes before the body is complete waits until what the client has sent so far is looked at, so
    /// that a message that turns out to be broken is refused and not served. A success waits for the whole body.
    func deliverAnswer() -> Bool {
        guard let answer, phase != .closed else { return false }
        if isBodyComplete {
            send(answer)
            return true
        }
        guard phase != .discarding else { return false }
        // A handler that answers while it collects has lost interest in the body.
        let completion = completion
        self.completion = nil
        body = []
        phase = .discarding
        beginBody()
        // What is beyond this is not read at all: the answer goes out with what has come so far.
        let limit = server.configuration.limits.discardedBody
        parser.bodyLimit = bodyBytes + limit
        completion?(.failure(.disconnected))
        if let length = exchange?.head.contentLength, length - bodyBytes > limit { return deliverEarly() }
        return true
    }

    /// Sends the answer although the body is not complete; false when the answer is a success that has to wait.
    func deliverEarly() -> Bool {
        guard let answer, let head = exchange?.head else { return false }
        let limit = server.configuration.limits.discardedBody
        let isShort = head.contentLength.map { $0 - bodyBytes <= limit } ?? false
        if status(of: answer).rawValue >= 400 || head.expectsContinue {
            send(answer, endingBody: !isShort || head.expectsContinue || hasReadEnd)
            return true
        }
        if isShort || head.framing == .chunked || hasReadEnd { return false }
        fail(.tooLarge(limit: limit))
        return true
    }

    private func status(of answer: Answer) -> HTTPStatus {
        switch answer {
        case .response(let response), .stream(let response, _): response.status
        case .problem(let problem): problem.status
        }
    }

    private func send(_ answer: Answer, endingBody: Bool = false) {
        self.answer = nil
        guard let state = exchange else { return }
        switch answer {
        case .response(let response): send(response, to: state, endingBody: endingBody, problem: nil)
        case .problem(let problem):
            let id = state.requestID(server.hooks.makeRequestID)
            send(problem.response(requestID: id), to: state, endingBody: endingBody, problem: problem.code)
        case .stream(let response, let stream): open(response, stream, state, endingBody: endingBody)
        }
    }

    /// The answer to a message that is broken: the last one on this connection.
    func sendProblem(_ problem: Problem, code: String) {
        let state = exchange
        let id = state?.requestID(server.hooks.makeRequestID) ?? server.hooks.makeRequestID(nil)
        let response = problem.response(requestID: id)
        writeHead(
            of: response, state?.head, requestID: id, framing: .length(response.body.count), version: .http11,
            keepsAlive: false)
        // HEAD has no content even where it is refused (RFC 9110 §9.3.2).
        let isHead = (state?.head.method ?? parser.requestLine?.method) == .head
        if !isHead { output.append(response.body) }
        records.append(
            PendingRecord(
                end: output.end, state: state, requestLine: parser.requestLine, status: response.status,
                requestID: id, start: requestStart, requestBodyBytes: bodyBytes,
                responseBodyBytes: isHead ? 0 : response.body.count, problem: code))
        state?.release()
        exchange = nil
        phase = .ending
    }

    private func send(_ response: Response, to state: ExchangeState, endingBody: Bool, problem: String?) {
        let keepsAlive = keepsAlive(response, state, endingBody: endingBody)
        let count = response.body.count
        let framing: ResponseHeadWriter.Framing = response.status.forbidsBody ? .none : .length(count)
        writeHead(of: response, to: state, framing: framing, keepsAlive: keepsAlive)
        let hasContent = state.head.method != .head && !response.status.forbidsBody
        if hasContent { output.append(response.body, holding: response.held) }
        finish(
            state, status: response.status, bodyBytes: hasContent ? count : 0, problem: problem,
            keepsAlive: keepsAlive)
    }

    private func keepsAlive(_ response: Response, _ state: ExchangeState, endingBody: Bool) -> Bool {
        state.head.keepsAlive && !response.closesConnection && !endingBody && !server.isDraining
            && takesPlace()
    }

    private func writeHead(
        of response: Response, to state: ExchangeState, framing: ResponseHeadWriter.Framing, keepsAlive: Bool
    ) {
        writeHead(
            of: response, state.head, requestID: state.requestID(server.hooks.makeRequestID), framing: framing,
            version: state.head.version, keepsAlive: keepsAlive)
    }

    /// The one place where a final answer's head is written: what all of them carry is added here.
    private func writeHead(
        of response: Response, _ request: RequestHead?, requestID: String, framing: ResponseHeadWriter.Framing,
        version: RequestHead.Version, keepsAlive: Bool
    ) {
        let more = server.hooks.answerFields?(request)
        output.append {
            server.headWriter.write(
                response, more, requestID: requestID, framing: framing, version: version, keepsAlive: keepsAlive,
                date: loop.date, into: &$0)
        }
    }

    /// The whole answer is in the output.
    private func finish(
        _ state: ExchangeState, status: HTTPStatus, bodyBytes: Int, problem: String?, keepsAlive: Bool
    ) {
        state.release()
        record(state, status: status, responseBodyBytes: bodyBytes, problem: problem)
        exchange = nil
        if !keepsAlive {
            phase = .ending
        } else if isBodyComplete {
            becomeIdle()
        } else {
            phase = .discarding
        }
    }

    func becomeIdle() {
        phase = .head
        hasAnswered = true
        idleStart = loop.now
    }

    // MARK: Streams

    private func open(_ response: Response, _ stream: StreamState, _ state: ExchangeState, endingBody: Bool) {
        let isChunked = state.head.version == .http11 && stream.length == nil
        isStreamKeptAlive =
            (isChunked || stream.length != nil) && keepsAlive(response, state, endingBody: endingBody)
        isStreamChunked = isChunked
        hasStreamContent = state.head.method != .head && !response.status.forbidsBody
        streamStatus = response.status
        streamBytes = 0
        var framing = stream.length.map { ResponseHeadWriter.Framing.length($0) } ?? (isChunked ? .chunked : .none)
        if response.status.forbidsBody { framing = .none }
        writeHead(of: response, to: state, framing: framing, keepsAlive: isStreamKeptAlive)
        self.stream = stream
        phase = .streaming
        pumpStream()
    }

    /// Moves what has been written to the stream into the output.
    func pumpStream() {
        guard let stream, let state = exchange else { return }
        let (pieces, isFinished) = stream.take()
        if hasStreamContent {
            for piece in pieces {
                streamBytes += piece.count
                if isStreamChunked { output.append { ResponseHeadWriter.append(chunkSize: piece.count, to: &$0) } }
                output.append(.bytes(piece))
                if isStreamChunked { output.append { $0.append(contentsOf: "\r\n".utf8) } }
            }
        }
        if hasStreamContent, let length = stream.length, isFinished ? streamBytes != length : streamBytes > length {
            // What was announced and what came differ: only the connection's end can tell the client.
            return close(.cut)
        }
        if isFinished {
            if isStreamChunked, hasStreamContent { output.append { $0.append(contentsOf: "0\r\n\r\n".utf8) } }
            self.stream = nil
            finish(
                state, status: streamStatus, bodyBytes: streamBytes, problem: nil, keepsAlive: isStreamKeptAlive)
        } else {
            stream.update(outputBytes: output.count)
        }
    }

    // MARK: The socket

    /// Writes what can be written, and closes what has ended.
    func flush() {
        guard phase != .closed else { return }
        if !output.isEmpty {
            let before = output.sent
            let outcome = output.flush(to: socket)
            if case .failed = outcome { return close(.clientGone) }
            if output.sent > before || writeStart == 0 {
                lastWrite = loop.now
                if writeStart == 0 {
                    writeStart = loop.now
                    writePace = BytePace(at: loop.now, total: before)
                }
            }
            stream?.update(outputBytes: output.count)
        }
        if output.isEmpty { writeStart = 0 }
        emitRecords()
        if phase == .ending, output.isEmpty { linger() }
    }

    /// Closes the sending side and waits for the client to close its own (RFC 9112 §9.6).
    private func linger() {
        if hasReadEnd { return close(.complete) }
        phase = .lingering
        socket.shutdownWrite()
        input = []
        inputOffset = 0
        lingerStart = loop.now
        loop.postpone(self)
    }
}
