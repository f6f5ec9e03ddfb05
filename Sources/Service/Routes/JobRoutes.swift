import Deblur
import Foundation
import HTTP
import Images

/// `/jobs/{id}` and what lies below it.
struct JobRoutes: Sendable {
    let jobs: JobRunner
    let context: RequestContext
    private let state: ServiceState

    init(_ state: ServiceState) {
        self.state = state
        jobs = state.jobs
        context = state.context
    }

    func add(to router: inout Router) {
        router.add(.get, "/jobs/{id}") { exchange, names in
            answer(exchange) { try status(exchange, jobs.store.find(names["id"] ?? "")) }
        }
        router.add(.delete, "/jobs/{id}") { exchange, names in
            answer(exchange) { try delete(exchange, jobs.store.findAny(names["id"] ?? "")) }
        }
        router.add(.get, "/jobs/{id}/events") { exchange, names in
            answer(exchange) { try events(exchange, jobs.store.find(names["id"] ?? "")) }
        }
        router.add(.get, "/jobs/{id}/result") { exchange, names in
            answer(exchange) { try result(exchange, jobs.store.find(names["id"] ?? "")) }
        }
        router.add(.get, "/jobs/{id}/exits") { exchange, names in
            answer(exchange) { try exits(exchange, jobs.store.find(names["id"] ?? "")) }
        }
    }

    /// 202 for a job that has just been taken in.
    static func accepted(_ job: Job, _ jobs: JobRunner) -> Response {
        var response = json(JSON.encode(jobs.document(job)), status: .accepted)
        response.headers.add("Location", "/jobs/\(job.id)")
        response.headers.add("Preference-Applied", "respond-async")
        return response
    }

    // MARK: Answers

    private func status(_ exchange: Exchange, _ job: Job) throws {
        exchange.respond(Self.json(JSON.encode(jobs.document(job))))
    }

    private func delete(_ exchange: Exchange, _ job: Job) throws {
        jobs.delete(job) {
            exchange.respond(Response(.noContent))
        }
    }

    private func events(_ exchange: Exchange, _ job: Job) throws {
        let text = exchange.head.headers["Last-Event-ID"] ?? ""
        // What is no number was not made here: from the beginning.
        let after = Quantity.whole(text) ?? 0
        if let log = job.log { return follow(log, after, exchange) }
        onDisk(exchange) {
            let tiles = try jobs.store.tiles(of: job)
            follow(EventLog(of: job.record, tiles: tiles), after, exchange)
        }
    }

    private func follow(_ log: EventLog, _ after: Int, _ exchange: Exchange) {
        // WHATWG HTML §9.2.3: 204 tells a client that there is nothing to come back for.
        if log.hasEnded(after: after) {
            return exchange.respond(Response(.noContent, headers: EventStream.headers))
        }
        EventStream.open(log, after: after, for: exchange, openStreams: context.metrics.eventStreams)
    }

    private func result(_ exchange: Exchange, _ job: Job) throws {
        let answer = try finished(job)
        onDisk(exchange) {
            let file = try jobs.store.result(of: job)
            var response = Response(.ok, headers: answer.headers)
            // Kept by whoever asked, for whoever asked: asked about each time, because it may be deleted.
            response.headers.add("Cache-Control", "private, no-cache")
            if let etag = answer.etag, EntityTag.isNamed(etag, in: exchange.head.headers.list("If-None-Match")) {
                response.status = .notModified
                response.headers["Content-Type"] = nil
                return exchange.respond(response)
            }
            FileStream.send(file, response, exchange, on: jobs.store.disk)
        }
    }

    private func exits(_ exchange: Exchange, _ job: Job) throws {
        let record = job.record
        if record.state == .failed, let error = record.error { throw error.problem }
        if record.state == .cancelled { throw Problem.cancelled }
        guard let type = AcceptedTypes(exchange.head.headers, aliases: ImageMediaType.aliases)
            .preferred(among: ["application/json", "image/png"])
        else {
            throw Problem(
                .notAcceptable, .notAcceptable,
                "The exits can be application/json or image/png; Accept allows neither.")
        }
        if type == "image/png" {
            _ = try finished(job)
            return state.heatMaps.answer(exchange, job, subDecoders: try state.anyEngine().model.subDecoders)
        }
        onDisk(exchange) {
            let tiles = try jobs.store.tiles(of: job)
            let document = ExitsDocument(width: record.width, height: record.height, tiles: tiles)
            var response = Self.json(JSON.encode(document))
            response.headers.add("Vary", "Accept")
            exchange.respond(response)
        }
    }

    // MARK: Helpers

    /// The answer's header of a job that has its result.
    ///
    /// - Throws: ``Problem``: 409 before, the job's own when it failed, 410 when it was cancelled.
    private func finished(_ job: Job) throws(Problem) -> DeblurAnswer {
        let record = job.record
        switch record.state {
        case .succeeded:
            guard let answer = record.answer else { throw .expired }
            return answer
        case .failed: throw record.error?.problem ?? .internalError
        case .cancelled: throw .cancelled
        case .queued, .running:
            let seconds = jobs.document(job).moment.etaSeconds ?? 2
            throw .notFinished(Int(min(3600, max(1, seconds.rounded(.up)))))
        }
    }

    private func answer(_ exchange: Exchange, _ body: () throws -> Void) {
        do { try body() } catch { context.refuse(exchange, error) }
    }

    private func onDisk(_ exchange: Exchange, _ body: @escaping @Sendable () throws -> Void) {
        jobs.store.disk.addOperation { answer(exchange, body) }
    }

    private static func json(_ json: Data, status: HTTPStatus = .ok) -> Response {
        var response = Response(status, contentType: "application/json", Array(json) + [0x0A])
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
