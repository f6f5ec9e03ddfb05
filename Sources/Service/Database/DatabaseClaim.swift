#if PostgreSQL
import Deblur
import Digests
import Dispatch
import Foundation
import HTTP
import Images
import JobDatabase
import Logging
import PostgreSQL
import Synchronization

/// A job in the database that this process works on, for as long as its lease is its own.
///
/// What it has to write waits here while the database is away; if the lease was lost meanwhile, it is written by whoever has the job now.
final class DatabaseClaim: ClaimedJob {
    let id: JobID
    let lease: Lease
    let isSuspect: Bool
    private let keeper: DatabaseKeeper
    private let state: Mutex<State>

    private struct State {
        var record: JobRecord
        var tiles: [JobTile] = []
        /// Not written yet.
        var events: [StoredEvent] = []
        var isWriting = false
        var onLoss: (@Sendable () -> Void)?
        var isBegun = false
        var isOver = false
        /// What comes after the last event was written.
        var ending: (@Sendable () -> Void)?
        let claimedAt = ContinuousClock.now
    }

    init(_ id: JobID, _ record: JobRecord, _ lease: Lease, keeper: DatabaseKeeper) {
        (self.id, self.lease, self.keeper) = (id, lease, keeper)
        isSuspect = (record.tries ?? 0) > 0
        state = Mutex(State(record: record))
    }

    var record: JobRecord { state.withLock { $0.record } }
    var isBegun: Bool { state.withLock { $0.isBegun } }

    // MARK: The lease

    func onLoss(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.onLoss = body }
            return state.isOver
        }
        if isOver { body() }
    }

    /// Holds the lease for another while. While the database is away, the work goes on: its result is written if nobody else was faster.
    func renew() {
        keeper.pool.perform(within: 5) { [lease] in
            try JobTables.renew($0, lease, seconds: DatabaseKeeper.leaseSeconds)
        } completion: { [self] result in
            if case .success(false) = result { lose() }
        }
    }

    private func lose() {
        let (body, ending) = state.withLock { state in
            defer { (state.onLoss, state.ending, state.events, state.isOver) = (nil, nil, [], true) }
            return (state.isOver ? nil : state.onLoss, state.ending)
        }
        keeper.letGo(self)
        body?()
        // It finds that the lease is lost, and says that the job is over here.
        ending?()
    }

    // MARK: The work

    func photo(_ answer: @escaping JobAnswer<[UInt8]>) {
        let (id, stored) = (id, record.input)
        keeper.ask(answer) { connection in
            let photo = try JobTables.bytes(connection, .photo, of: id.text)
            guard let stored, photo.count == stored.bytes, SHA256.hash(photo).hex == stored.digest else {
                throw Problem(
                    .internalServerError, .internalError, "The photo was damaged while it waited in the service's database. Send it again.")
            }
            return photo
        }
    }

    func begin(tiles: Int, _ answer: @escaping @Sendable (JobBeginning) -> Void) {
        let record = state.withLock { state -> JobRecord? in
            guard !state.isOver, state.record.begin(tiles: tiles) else { return nil }
            return state.record
        }
        guard let record else { return answer(.lost) }
        let event = StoredEvent(number: 2, JobEvent.Name.started, JobDocument(record, JobDocument.Moment()))
        keeper.pool.perform(within: 5) { [lease] in
            try JobTables.append($0, [event], lease, record: DatabaseKeeper.text(record))
        } completion: { [self] result in
            switch result {
            case .success(true):
                let seconds = state.withLock { state in
                    state.isBegun = true
                    return state.claimedAt.secondsUntilNow
                }
                answer(.begun(queueSeconds: seconds))
            case .success(false):
                lose()
                answer(.lost)
            case .failure(let error):
                _ = keeper.problem(for: error)
                state.withLock { $0.record.requeue() }
                answer(.failed)
            }
        }
    }

    func add(_ tile: JobTile) {
        let isFirst = state.withLock { state in
            guard !state.isOver, state.record.finish(tile) else { return false }
            state.tiles.append(tile)
            let progress = TileDocument.Progress(done: state.tiles.count, total: state.record.tiles)
            state.events.append(
                StoredEvent(number: 2 + state.tiles.count, JobEvent.Name.tile, TileDocument(tile: tile, progress: progress)))
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if isFirst { write() }
    }

    /// Writes the events that have come together meanwhile, one statement after the other.
    private func write(attempt: Int = 0) {
        let (events, record) = state.withLock { ($0.events, $0.record) }
        keeper.pool.perform(within: 10) { [lease] in
            events.isEmpty ? true : try JobTables.append($0, events, lease, record: DatabaseKeeper.text(record))
        } completion: { [self] result in
            switch result {
            case .success(true):
                let next = state.withLock { state -> (hasMore: Bool, ending: (@Sendable () -> Void)?) in
                    state.events.removeFirst(min(events.count, state.events.count))
                    if !state.events.isEmpty { return (true, nil) }
                    defer { (state.isWriting, state.ending) = (false, nil) }
                    return (false, state.ending)
                }
                if next.hasMore { return write() }
                next.ending?()
            case .success(false): lose()
            case .failure: keeper.context.again(after: attempt) { [self] in write(attempt: attempt + 1) }
            }
        }
    }

    // MARK: The end

    func succeed(_ product: PhotoPipeline.Product, _ answer: DeblurAnswer, _ over: @escaping @Sendable () -> Void) {
        guard let image = product.image else { return over() }
        let preview = product.preview.map(SpoolKeeper.stored)
        let (now, tiles) = state.withLock { ($0.record, $0.tiles) }
        guard let record = now.succeeded(answer, SpoolKeeper.stored(image), preview) else { return over() }
        var files: [(StoredKind, [UInt8])] = [(.result, image.withUnsafeBytes { Array($0) })]
        if let preview = product.preview { files.append((.preview, preview.withUnsafeBytes { Array($0) })) }
        // The reservation lasts as long as the product.
        finish(record, tiles, files) {
            over(); withExtendedLifetime(product) {}
        }
    }

    func fail(_ error: any Error) {
        let problem = Problem.describing(error)
        let found = state.withLock { state -> (JobRecord, [JobTile])? in
            state.record.fail(JobProblem(problem, requestID: state.record.requestID)) ? (state.record, state.tiles) : nil
        }
        guard let (record, tiles) = found else { return }
        keeper.context.logger.log(
            level: problem.status.rawValue >= 500 ? .error : .info, "job failed",
            metadata: ["job": "\(id)", "request_id": "\(record.requestID)", "error": "\(error)"])
        finish(record, tiles, []) {}
    }

    /// Once every event before is written, the end is; tried until it is there, or the lease is another's.
    private func finish(
        _ record: JobRecord, _ tiles: [JobTile], _ files: [(StoredKind, [UInt8])], _ over: @escaping @Sendable () -> Void
    ) {
        let end: @Sendable () -> Void = { [self] in writeEnd(record, tiles, files, over) }
        let isWriting = state.withLock { state in
            if state.isWriting { state.ending = end }
            return state.isWriting
        }
        if !isWriting { end() }
    }

    private func writeEnd(
        _ record: JobRecord, _ tiles: [JobTile], _ files: [(StoredKind, [UInt8])], attempt: Int = 0,
        _ over: @escaping @Sendable () -> Void
    ) {
        let (lease, seconds) = (lease, keeper.ttlSeconds)
        let event = (record.state.lastEvent.rawValue, String(decoding: JSON.encode(JobDocument(record)), as: UTF8.self))
        keeper.pool.perform(within: 10) { connection in
            try JobTables.finish(
                connection, lease, state: record.state.rawValue, record: DatabaseKeeper.text(record, tiles), files: files, event: event,
                seconds: seconds)
        } completion: { [self] result in
            switch result {
            case .success(let isOurs):
                if isOurs { keeper.context.metrics.jobsEnded(record.state.rawValue).add() }
                state.withLock { ($0.onLoss, $0.isOver) = (nil, true) }
                keeper.letGo(self)
                over()
            case .failure(let error):
                _ = keeper.problem(for: error)
                keeper.context.again(after: attempt) { [self] in writeEnd(record, tiles, files, attempt: attempt + 1, over) }
            }
        }
    }

    func giveBack() {
        let isFirst = state.withLock { state in
            defer { (state.onLoss, state.isOver) = (nil, true) }
            return !state.isOver
        }
        keeper.letGo(self)
        guard isFirst else { return }
        keeper.pool.perform(within: 5) { [lease] in
            try JobTables.release($0, lease)
        } completion: { _ in
        }
    }

    /// A job that is given back has not been tried; one that is cut is found by its lease.
    func takeBackTry() {}

}

extension StoredEvent {
    init(number: Int, _ name: JobEvent.Name, _ document: some Encodable) {
        self.init(number: number, name: name.rawValue, data: String(decoding: JSON.encode(document), as: UTF8.self))
    }
}
#endif
