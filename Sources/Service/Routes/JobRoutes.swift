import Deblur
import Foundation
import HTTP
import Images

/// `/jobs`, `/jobs/{id}` and what lies below it.
struct JobRoutes: Sendable {
    let jobs: JobRunner
    let context: ServiceContext
    private let state: ServiceState

    init(_ state: ServiceState) {
        self.state = state
        jobs = state.jobs
        context = state.context
    }

    func add(to router: inout Router) {
        router.add(.get, "/jobs") { exchange, _ in
            answer(exchange) {
                let query = try JobListQuery(exchange.head.target.queryItems(), accounts: state.callers.caller(of: exchange).accounts)
                jobs.keeper.list(query) { result in
                    answer(exchange) {
                        let page = try result.get()
                        exchange.respond(Self.json(JSON.encode(JobListDocument(page.jobs.map(jobs.document), next: page.next))))
                    }
                }
            }
        }
        router.add(.get, "/jobs/{id}") { exchange, names in
            with(exchange, names) { exchange.respond(Self.json(JSON.encode(jobs.document($0)))) }
        }
        router.add(.delete, "/jobs/{id}") { exchange, names in
            answer(exchange) {
                jobs.keeper.delete(try Self.id(names), for: state.callers.caller(of: exchange).owner, forgetting: false) { result in
                    answer(exchange) {
                        try result.get()
                        exchange.respond(Response(.noContent))
                    }
                }
            }
        }
        router.add(.get, "/jobs/{id}/events") { exchange, names in with(exchange, names) { events(exchange, $0) } }
        router.add(.get, "/jobs/{id}/result") { exchange, names in with(exchange, names) { try result(exchange, $0) } }
        router.add(.get, "/jobs/{id}/exits") { exchange, names in with(exchange, names) { try exits(exchange, $0) } }
    }

    /// 202 for a job that has just been taken in.
    static func accepted(_ job: JobView, _ jobs: JobRunner) -> Response {
        var response = json(JSON.encode(jobs.document(job)), status: .accepted)
        response.headers.add("Location", "/jobs/\(job.id)")
        response.headers.add("Preference-Applied", "respond-async")
        return response
    }

    // MARK: Answers

    private func events(_ exchange: Exchange, _ job: JobView) {
        let text = exchange.head.headers["Last-Event-ID"] ?? ""
        // What is no number was not made here: from the beginning.
        let after = Quantity.whole(text) ?? 0
        jobs.keeper.events(of: job.id) { result in
            answer(exchange) {
                let events = try result.get()
                events.read(after: after, limit: 1) { page in
                    answer(exchange) {
                        let page = try page.get()
                        // WHATWG HTML §9.2.3: 204 tells a client that there is nothing to come back for.
                        if page.isComplete, page.events.isEmpty {
                            return exchange.respond(Response(.noContent, headers: EventStream.headers))
                        }
                        EventStream.open(events, after: after, for: exchange, openStreams: context.metrics.eventStreams)
                    }
                }
            }
        }
    }

    private func result(_ exchange: Exchange, _ job: JobView) throws {
        let head = try finished(job)
        jobs.keeper.result(of: job.id) { result in
            answer(exchange) {
                let content = try result.get()
                var response = Response(.ok, headers: head.headers)
                // Kept by whoever asked, for whoever asked: asked about each time, because it may be deleted.
                response.headers.add("Cache-Control", "private, no-cache")
                if let etag = head.etag, EntityTag.isNamed(etag, in: exchange.head.headers.list("If-None-Match")) {
                    response.status = .notModified
                    response.headers["Content-Type"] = nil
                    return exchange.respond(response)
                }
                StoredStream.send(content, response, exchange)
            }
        }
    }

    private func exits(_ exchange: Exchange, _ job: JobView) throws {
        let record = job.record
        if record.state == .failed, let error = record.error { throw error.problem }
        if record.state == .cancelled { throw Problem.cancelled }
        guard
            let type = AcceptedTypes(exchange.head.headers, aliases: ImageMediaType.aliases)
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
        jobs.keeper.exits(of: job.id, withPreview: false) { result in
            answer(exchange) {
                let tiles = try result.get().tiles
                var response = Self.json(
                    JSON.encode(ExitsDocument(width: record.width, height: record.height, tiles: tiles)))
                response.headers.add("Vary", "Accept")
                exchange.respond(response)
            }
        }
    }

    // MARK: Helpers

    /// The answer's header of a job that has its result.
    ///
    /// - Throws: ``Problem``: 409 before, the job's own when it failed, 410 when it was cancelled.
    private func finished(_ job: JobView) throws(Problem) -> DeblurAnswer {
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

    private static func id(_ names: [String: String]) throws(Problem) -> JobID {
        guard let id = JobID(names["id"] ?? "") else { throw .noSuchJob }
        return id
    }

    /// Goes on with the job that is asked for.
    private func with(_ exchange: Exchange, _ names: [String: String], _ body: @escaping @Sendable (JobView) throws -> Void) {
        answer(exchange) {
            jobs.keeper.find(try Self.id(names), for: state.callers.caller(of: exchange).owner) { result in
                answer(exchange) { try body(result.get()) }
            }
        }
    }

    private func answer(_ exchange: Exchange, _ body: () throws -> Void) {
        do { try body() } catch { context.refuse(exchange, error) }
    }

    private static func json(_ json: Data, status: HTTPStatus = .ok) -> Response {
        var response = Response(status, contentType: "application/json", Array(json) + [0x0A])
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
