import Dispatch
import HTTP
import Synchronization

/// Where questions about jobs wait for their keeper, so that many of one client are in nobody else's way: callers take turns, a
/// few are asked at a time, and what nobody waits for any more is not asked.
final class JobDesk: Sendable {
    /// As many as the keeper has threads.
    private static let most = 4
    /// Of one caller. Its connections bound what it waits for; those that it leaves behind, this.
    private static let mostOfCaller = 1024
    /// As long as a statement of a database may take.
    private static let patience = Duration.seconds(10)
    private static let busy = Problem.loading("Many questions about jobs wait.")
    /// Serial: nothing on it blocks, and no question is asked from within the answer to another one.
    private static let queue = DispatchQueue(label: "jobs.desk")

    private struct Question: Sendable {
        let exchange: Exchange
        let since = ContinuousClock.now
        let ask: @Sendable (JobDeskTurn) -> Void
    }

    private struct Line {
        let caller: String
        var questions: [Question]
    }

    private struct State {
        /// Each with a question at least, from the next turn on.
        var lines: [Line] = []
        var asked = 0
    }

    private let context: ServiceContext
    private let state = Mutex(State())

    init(context: ServiceContext) { self.context = context }

    /// Calls `ask` once when it is the caller's turn, on a thread of the desk. It must not block.
    ///
    /// - Parameters:
    ///   - isOrder: what the client wants happens even where it does not wait for the answer.
    ///   - ask: holds the turn for as long as the keeper is at it.
    func take(
        _ exchange: Exchange, of caller: String, isOrder: Bool = false, _ ask: @escaping @Sendable (JobDeskTurn) -> Void
    ) {
        let isTaken = state.withLock { state in
            let question = Question(exchange: exchange, ask: ask)
            guard let line = state.lines.firstIndex(where: { $0.caller == caller }) else {
                state.lines.append(Line(caller: caller, questions: [question]))
                return true
            }
            guard state.lines[line].questions.count < Self.mostOfCaller else { return false }
            state.lines[line].questions.append(question)
            return true
        }
        guard isTaken else { return context.refuse(exchange, Self.busy) }
        if !isOrder { exchange.onDisconnect { [weak self, id = ObjectIdentifier(exchange)] in self?.leave(caller, id) } }
        advance()
    }

    private func leave(_ caller: String, _ id: ObjectIdentifier) {
        // Let go of outside the lock.
        _ = state.withLock { state -> Question? in
            guard let line = state.lines.firstIndex(where: { $0.caller == caller }),
                let place = state.lines[line].questions.firstIndex(where: { ObjectIdentifier($0.exchange) == id })
            else { return nil }
            let question = state.lines[line].questions.remove(at: place)
            if state.lines[line].questions.isEmpty { state.lines.remove(at: line) }
            return question
        }
    }

    private func advance() {
        while let question = next() {
            let turn = JobDeskTurn(self)
            Self.queue.async { [context] in
                if question.since.duration(to: .now) > Self.patience { return context.refuse(question.exchange, Self.busy) }
                question.ask(turn)
            }
        }
    }

    private func next() -> Question? {
        state.withLock { state in
            guard state.asked < Self.most, !state.lines.isEmpty else { return nil }
            var line = state.lines.removeFirst()
            let question = line.questions.removeFirst()
            if !line.questions.isEmpty { state.lines.append(line) }
            state.asked += 1
            return question
        }
    }

    fileprivate func end() {
        state.withLock { $0.asked -= 1 }
        advance()
    }
}

/// One of the questions that may be asked at a time, for as long as this lives.
final class JobDeskTurn: Sendable {
    private let desk: JobDesk

    fileprivate init(_ desk: JobDesk) { self.desk = desk }

    deinit { desk.end() }
}
