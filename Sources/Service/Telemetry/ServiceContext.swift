import Dispatch
import HTTP
import Logging

/// What every part of the service needs: where to count, where to log, how to refuse, and what a drain waits for.
struct ServiceContext: Sendable {
    let metrics: ServiceMetrics
    let logger: Logger
    let running = DispatchGroup()

    /// A drain waits for as long as what this returns lives.
    func beginWork() -> RunningWork { RunningWork(running) }

    /// Tries again what could not be kept: one second later, two, four, … half a minute.
    func again(after attempt: Int, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().asyncAfter(deadline: .now() + Double(min(30, 1 << min(attempt, 5))), execute: body)
    }

    /// Answers with the problem that an error is. A failure of ours is logged with its cause; what clients do wrong is
    /// in the access log only.
    func refuse(_ exchange: Exchange, _ error: any Error) {
        let problem = Problem.describing(error)
        metrics.rejected(problem.code).add()
        if problem.status.rawValue >= 500, problem.status != .serviceUnavailable {
            logger.error(
                "request failed", metadata: ["request_id": "\(exchange.requestID)", "error": "\(error)"])
        }
        exchange.refuse(problem)
    }
}

/// A request or a job is worked on for as long as this lives.
final class RunningWork: Sendable {
    private let group: DispatchGroup

    fileprivate init(_ group: DispatchGroup) {
        self.group = group
        group.enter()
    }

    deinit { group.leave() }
}
