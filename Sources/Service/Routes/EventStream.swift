import Dispatch
import HTTP
import Metrics
import Synchronization

/// One client that follows a job's events: sends what is in the log, waits where the client is slow, and says something
/// every fifteen seconds so that nobody in between takes the connection for dead.
final class EventStream: @unchecked Sendable {
    // Safe to share: what changes is touched on `queue` only.

    /// Serial, for all streams: nothing on it blocks.
    private static let queue = DispatchQueue(label: "jobs.events")
    static let pingSeconds = 15.0
    /// Events that are handed over before the client's speed is looked at again.
    private static let batch = 64
    /// How long a client waits before it comes back, milliseconds.
    private static let retryMilliseconds = 2000

    private let log: any JobEvents
    private let stream: ResponseStream
    private let openStreams: Gauge
    private let timer: any DispatchSourceTimer
    private var sent: Int
    private var listener: Int?
    /// For the client, or for the next page.
    private var isWaiting = false
    /// There was news meanwhile.
    private var hasNews = false

    private init(_ log: any JobEvents, after id: Int, _ stream: ResponseStream, _ openStreams: Gauge, ping: Double) {
        self.log = log
        self.stream = stream
        self.openStreams = openStreams
        sent = id
        timer = DispatchSource.makeTimerSource(queue: Self.queue)
        timer.schedule(deadline: .now() + ping, repeating: ping, leeway: .milliseconds(200))
    }

    /// Answers an exchange with the events after `id`. The stream lives until the log or the client ends it.
    static func open(
        _ log: any JobEvents, after id: Int, for exchange: Exchange, openStreams: Gauge, ping: Double = pingSeconds
    ) {
        var response = Response(.ok, headers: headers)
        response.headers.add("Content-Type", "text/event-stream; charset=utf-8")
        guard exchange.head.method != .head else { return exchange.respond(response) }
        guard let content = exchange.startStream(response) else { return }
        let stream = EventStream(log, after: id, content, openStreams, ping: ping)
        // A client that closes its sending side has left: nobody else would tell before the next ping.
        exchange.markSlow()
        exchange.onDisconnect { [weak stream] in
            queue.async { [weak stream] in stream?.end() }
        }
        queue.async { stream.begin() }
    }

    static let headers: HTTPHeaders = ["Cache-Control": "no-store", "X-Accel-Buffering": "no"]

    private func begin() {
        openStreams.add(1)
        listener = log.listen { [self] in Self.queue.async { [self] in pump() } }
        timer.setEventHandler { [self] in
            if case .closed = stream.write(Array(": ping\n\n".utf8)) { end() }
        }
        timer.resume()
        stream.write(Array("retry: \(Self.retryMilliseconds)\n\n".utf8))
        pump()
    }

    private func pump() {
        guard listener != nil else { return }
        hasNews = isWaiting
        guard !isWaiting else { return }
        isWaiting = true
        log.read(after: sent, limit: Self.batch) { [self] page in
            Self.queue.async { [self] in
                isWaiting = false
                send(page)
            }
        }
    }

    private func send(_ page: Result<JobEventPage, Problem>) {
        guard listener != nil else { return }
        guard case .success(let page) = page else {
            // The client comes back for what it does not have.
            stream.finish()
            return end()
        }
        sent += page.events.count
        switch stream.write(Array(page.events.map(\.text).joined())) {
        case .closed: return end()
        case _ where page.isEnd:
            stream.finish()
            return end()
        case .accepted: if !page.events.isEmpty || hasNews { pump() }
        case .full:
            isWaiting = true
            stream.onReady { [self] in
                Self.queue.async { [self] in
                    isWaiting = false
                    pump()
                }
            }
        }
    }

    private func end() {
        guard let listener else { return }
        log.ignore(listener)
        self.listener = nil
        timer.setEventHandler(handler: nil)
        timer.cancel()
        openStreams.add(-1)
    }
}
