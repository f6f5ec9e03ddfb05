#if PostgreSQL
import HTTP
import JobDatabase
import Synchronization

/// The events of a job in the database, whichever replica writes them.
final class DatabaseEvents: JobEvents {
    let id: JobID
    private let keeper: DatabaseKeeper
    private let state = Mutex(State())

    private struct State {
        var listeners: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var isShut = false
    }

    init(of id: JobID, keeper: DatabaseKeeper) { (self.id, self.keeper) = (id, keeper) }

    func read(after number: Int, limit: Int, _ answer: @escaping JobAnswer<JobEventPage>) {
        let (id, isShut) = (id, state.withLock { $0.isShut })
        keeper.ask(answer) { connection in
            let found = try JobTables.events(connection, of: id.text, after: max(number, 0), limit: limit)
            let events = found.compactMap { event in
                JobEvent.Name(rawValue: event.name).map { JobEvent(number: event.number, name: $0, data: Array(event.data.utf8)) }
            }
            // The end is the last event of all; a client that has it already gets none. Of a job that has expired meanwhile there are
            // none any more: the client that comes back is told so.
            let job = try JobTables.find(connection, id.text)
            let isLast = found.last?.number ?? number >= job?.events ?? 0
            let isComplete = isLast && ["succeeded", "failed", "cancelled"].contains(job?.state ?? "cancelled")
            let isGone = found.isEmpty && job?.isGone ?? true
            return JobEventPage(events: events, isEnd: isComplete || isGone || isLast && isShut, isComplete: isComplete)
        }
    }

    func listen(_ body: @escaping @Sendable () -> Void) -> Int {
        let (number, isFirst) = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = body
            return (state.next, state.listeners.count == 1)
        }
        if isFirst { keeper.add(self) }
        return number
    }

    func ignore(_ listener: Int) {
        let isLast = state.withLock { state in
            state.listeners[listener] = nil
            return state.listeners.isEmpty
        }
        if isLast { keeper.remove(self) }
    }

    func tell() {
        for body in state.withLock({ Array($0.listeners.values) }) { body() }
    }

    /// Ends the streams although the job goes on.
    func shut() {
        state.withLock { $0.isShut = true }
        tell()
    }
}

/// A result in the database. It does not expire while it is read; where it is deleted meanwhile, the reader's connection is cut.
final class DatabaseBytes: StoredBytes {
    let id: JobID
    let count: Int
    private let keeper: DatabaseKeeper
    /// When it was last said that it is being read.
    private let said = Mutex<ContinuousClock.Instant?>(nil)

    /// For how long a result stays at least when more of it is still to be read: longer than the slowest reader takes for what is
    /// in buffers.
    private static let keptSeconds = 300.0

    init(id: JobID, count: Int, keeper: DatabaseKeeper) { (self.id, self.count, self.keeper) = (id, count, keeper) }

    func read(at offset: Int, count: Int, _ answer: @escaping @Sendable ([UInt8]?) -> Void) {
        let isLast = offset + count >= self.count
        let isDue =
            !isLast
            && said.withLock { said in
                let isDue = said.map { $0.secondsUntilNow > Self.keptSeconds / 4 } ?? true
                if isDue { said = .now }
                return isDue
            }
        keeper.ask({ (result: Result<[UInt8]?, Problem>) in answer((try? result.get()) ?? nil) }) { [id] connection in
            if isDue { try JobTables.keep(connection, id.text, seconds: Self.keptSeconds) }
            return try JobTables.slice(connection, .result, of: id.text, at: offset, count: count)
        }
    }
}
#endif
