import Deblur
import Foundation
import Synchronization

/// The events of one job, in order, as the text of an event stream (WHATWG HTML §9.2). Ids count from 1 and are the
/// same in every run of the job: `queued` is 1, `started` 2, the tiles follow in the order of the grid. So a client
/// that resumes after a restart misses nothing and sees nothing twice.
final class EventLog: Sendable {
    enum Name: String, Sendable {
        case queued, started, tile, succeeded, failed, cancelled
    }

    private struct Contents {
        var events: [[UInt8]] = []
        var isComplete = false
        var isShut = false
        var listeners: [Int: @Sendable () -> Void] = [:]
        var nextListener = 0
    }

    private let contents = Mutex(Contents())

    /// - Parameter isLast: nothing will follow.
    func append(_ name: Name, _ data: some Encodable, isLast: Bool = false) {
        let json = JSON.encode(data)
        let listeners = contents.withLock { contents in
            guard !contents.isComplete else { return [@Sendable () -> Void]() }
            var text = Array("id: \(contents.events.count + 1)\nevent: \(name.rawValue)\ndata: ".utf8)
            text += json
            text += [0x0A, 0x0A]
            contents.events.append(text)
            contents.isComplete = isLast
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener() }
    }

    /// Ends the streams although the job goes on: the service is going down.
    func shut() {
        let listeners = contents.withLock { contents in
            contents.isShut = true
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener() }
    }

    /// The events after the one with that id, at most `limit` of them, and whether the stream ends behind them.
    func events(after id: Int, limit: Int) -> (events: [[UInt8]], isEnd: Bool) {
        contents.withLock { contents in
            let first = min(max(id, 0), contents.events.count)
            let last = min(first + limit, contents.events.count)
            let isEnd = last == contents.events.count && (contents.isComplete || contents.isShut)
            return (Array(contents.events[first..<last]), isEnd)
        }
    }

    /// Whether all events are there and none comes after that id.
    func hasEnded(after id: Int) -> Bool { contents.withLock { $0.isComplete && id >= $0.events.count } }

    /// Calls `body`, on any thread, whenever there is news.
    func listen(_ body: @escaping @Sendable () -> Void) -> Int {
        contents.withLock { contents in
            contents.nextListener += 1
            contents.listeners[contents.nextListener] = body
            return contents.nextListener
        }
    }

    func ignore(_ listener: Int) {
        _ = contents.withLock { $0.listeners.removeValue(forKey: listener) }
    }
}

extension EventLog {
    /// The log of a job that has ended, made anew from what is kept of it.
    convenience init(of record: JobRecord, tiles: [JobTile]) {
        self.init()
        append(.queued, JobDocument(record, state: .queued, JobDocument.Moment()))
        if record.startedAt != nil {
            append(.started, JobDocument(record, state: .running, JobDocument.Moment()))
        }
        for (index, tile) in tiles.enumerated() {
            append(.tile, TileDocument(tile: tile, progress: .init(done: index + 1, total: record.tiles)))
        }
        append(record.state.lastEvent, JobDocument(record), isLast: true)
    }
}

extension JobState {
    /// The event that tells of a final state.
    var lastEvent: EventLog.Name {
        switch self {
        case .succeeded: .succeeded
        case .cancelled: .cancelled
        case .failed, .queued, .running: .failed
        }
    }
}
