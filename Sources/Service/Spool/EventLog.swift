import Deblur
import Foundation
import Synchronization

/// The events of one job in memory, in order.
final class EventLog: JobEvents {
    private struct Contents {
        var events: [JobEvent] = []
        var isComplete = false
        var isShut = false
        var listeners: [Int: @Sendable () -> Void] = [:]
        var nextListener = 0
    }

    private let contents = Mutex(Contents())

    init() {}

    /// Of a job that has ended, made anew from what is kept of it.
    init(of record: JobRecord, tiles: [JobTile]) {
        append(.queued, JobDocument(record, state: .queued, JobDocument.Moment()))
        if record.startedAt != nil {
            append(.started, JobDocument(record, state: .running, JobDocument.Moment()))
        }
        for (index, tile) in tiles.enumerated() {
            append(.tile, TileDocument(tile: tile, progress: .init(done: index + 1, total: record.tiles)))
        }
        append(record.state.lastEvent, JobDocument(record), isLast: true)
    }

    /// - Parameter isLast: nothing will follow.
    func append(_ name: JobEvent.Name, _ data: some Encodable, isLast: Bool = false) {
        let json = Array(JSON.encode(data))
        let listeners = contents.withLock { contents in
            guard !contents.isComplete else { return [@Sendable () -> Void]() }
            contents.events.append(JobEvent(number: contents.events.count + 1, name: name, data: json))
            contents.isComplete = isLast
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener() }
    }

    /// Ends the streams although the job goes on.
    func shut() {
        let listeners = contents.withLock { contents in
            contents.isShut = true
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener() }
    }

    func read(after number: Int, limit: Int, _ answer: @escaping JobAnswer<JobEventPage>) {
        let page = contents.withLock { contents in
            let first = min(max(number, 0), contents.events.count)
            let last = min(first + limit, contents.events.count)
            let isLast = last == contents.events.count
            return JobEventPage(
                events: Array(contents.events[first..<last]), isEnd: isLast && (contents.isComplete || contents.isShut),
                isComplete: isLast && contents.isComplete)
        }
        answer(.success(page))
    }

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
