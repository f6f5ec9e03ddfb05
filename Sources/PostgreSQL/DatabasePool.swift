#if PostgreSQL
import Foundation
import Synchronization

/// A few connections, each on a thread of its own; what is to be done waits in one queue.
///
/// Nothing waits without an end: a task that was not begun in time fails, a statement has its own bound. While the server cannot be
/// reached, tasks fail at once; a connection is tried again after a while that grows (``Backoff``).
package final class DatabasePool: Sendable {
    package typealias Work<T> = @Sendable (DatabaseConnection) throws -> T

    /// Tasks that may wait. Beyond, the newest fails.
    package static let mostWaiting = 4096

    private struct Task {
        let deadline: ContinuousClock.Instant
        /// Called once: with a connection, or with why there is none.
        let run: @Sendable (Result<DatabaseConnection, DatabaseError>) -> Void
    }

    private struct State {
        var tasks: [Task?] = []
        var first = 0
        var isStopped = false
        /// Tasks that are being done.
        var busy = 0
        var isSweeping = false
        var backoff = Backoff()
        /// No connection is tried before.
        var nextTry = ContinuousClock.now
        /// Why the last one failed; nil: it did not.
        var failure: DatabaseError?

        var waiting: Int { tasks.count - first }
        var isIdle: Bool { busy == 0 && tasks[first...].allSatisfy { $0 == nil } }

        mutating func take() -> Task? {
            while first < tasks.count {
                defer { first += 1 }
                if let task = tasks[first] {
                    tasks[first] = nil
                    busy += 1
                    return task
                }
            }
            (tasks, first) = ([], 0)
            return nil
        }
    }

    private let settings: DatabaseSettings
    private let state = Mutex(State())
    private let news = DispatchSemaphore(value: 0)
    private let threads: Int
    private let ended = DispatchGroup()
    private let changed: @Sendable (DatabaseError?) -> Void

    /// - Parameters:
    ///   - connections: most that are open at once. Each is made when it is first needed.
    ///   - changed: called when the server could be reached no more (why), or again (nil), on any thread.
    package init(
        _ settings: DatabaseSettings, connections: Int = 4, changed: @escaping @Sendable (DatabaseError?) -> Void = { _ in }
    ) {
        (self.settings, self.threads, self.changed) = (settings, connections, changed)
        for _ in 0..<connections {
            ended.enter()
            Thread.detachNewThread { [self] in
                work()
                ended.leave()
            }
        }
    }

    /// Why the server cannot be reached, as far as is known; nil where nothing is wrong.
    package var failure: DatabaseError? { state.withLock { $0.failure } }

    /// Does `work` on a thread of the pool.
    ///
    /// - Parameters:
    ///   - seconds: until it has to be begun.
    ///   - work: its statements; called at most once.
    ///   - completion: called once, on a thread of the pool or on that of the caller. It must not wait for the pool.
    package func perform<T>(
        within seconds: Double = 10, _ work: @escaping Work<T>, completion: @escaping @Sendable (Result<T, any Error>) -> Void
    ) {
        let task = Task(deadline: .now + .seconds(seconds)) { connection in
            completion(Result { try work(connection.get()) })
        }
        let refusal = state.withLock { state -> DatabaseError? in
            if state.isStopped { return .unavailable("the pool is stopped") }
            if let failure = state.failure, .now < state.nextTry { return failure }
            if state.waiting >= Self.mostWaiting { return .unavailable("\(state.waiting) tasks wait for a connection") }
            state.tasks.append(task)
            if !state.isSweeping {
                state.isSweeping = true
                sweepLater()
            }
            return nil
        }
        if let refusal { return task.run(.failure(refusal)) }
        news.signal()
    }

    /// The same for a caller that may wait. Not for event loops, nor from within a task.
    package func sync<T: Sendable>(within seconds: Double = 10, _ work: @escaping Work<T>) throws -> T {
        let found = Mutex<Result<T, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        perform(within: seconds, work) { result in
            found.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        return try found.withLock { $0! }.get()
    }

    /// Begins nothing more; what waits fails. Returns when every connection is closed.
    ///
    /// - Parameter seconds: for so long at most what waits is done before, with what follows from it.
    package func stop(finishing seconds: Double = 0) {
        let end = ContinuousClock.now + .seconds(seconds)
        while .now < end, !state.withLock({ $0.isIdle || $0.isStopped }) { usleep(5000) }
        let waiting = state.withLock { state in
            state.isStopped = true
            defer { (state.tasks, state.first) = ([], 0) }
            return state.tasks.compactMap { $0 }
        }
        for task in waiting { task.run(.failure(.unavailable("the pool is stopped"))) }
        for _ in 0..<threads { news.signal() }
        ended.wait()
    }

    // MARK: Threads

    private func work() {
        var connection: DatabaseConnection?
        while true {
            news.wait()
            let (task, isStopped) = state.withLock { ($0.take(), $0.isStopped) }
            if isStopped { return }
            guard let task else { continue }
            if connection?.isClosed ?? true { connection = nil }
            do throws(DatabaseError) {
                let open = if let connection { connection } else { try connect() }
                connection = open
                task.run(.success(open))
            } catch {
                task.run(.failure(error))
            }
            state.withLock { $0.busy -= 1 }
        }
    }

    private func connect() throws(DatabaseError) -> DatabaseConnection {
        if let failure = state.withLock({ .now < $0.nextTry ? $0.failure : nil }) { throw failure }
        do throws(DatabaseError) {
            let connection = try DatabaseConnection(settings)
            note(nil)
            return connection
        } catch {
            note(error)
            throw error
        }
    }

    private func note(_ failure: DatabaseError?) {
        let isNews = state.withLock { state in
            defer { state.failure = failure }
            if failure == nil {
                state.backoff.succeeded()
            } else {
                state.nextTry = .now + .seconds(state.backoff.failed())
            }
            return (state.failure == nil) != (failure == nil)
        }
        if isNews { changed(failure) }
    }

    /// Looks each quarter of a second for tasks whose time is up, as long as any wait.
    private func sweepLater() {
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.25) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        let late = state.withLock { state in
            var late: [Task] = []
            for index in state.first..<state.tasks.count where state.tasks[index].map({ $0.deadline < .now }) ?? false {
                late.append(state.tasks[index]!)
                state.tasks[index] = nil
            }
            state.isSweeping = state.waiting > 0
            if state.isSweeping { sweepLater() }
            return late
        }
        for task in late { task.run(.failure(.timedOut)) }
    }
}
#endif
