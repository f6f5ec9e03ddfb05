import Deblur
import Foundation
import HTTP
import Images

/// `/jobs`, `/jobs/{id}` and what lies below it.
struct JobRoutes: Sendable {
    let jobs: JobRunner
    let context: ServiceContext
    private let state: ServiceState
    private let desk: JobDesk

    init(_ state: ServiceState) {
        self.state = state
        jobs = state.jobs
        context = state.context
        desk = JobDesk(context: state.context)
    }

    func add(to router: inout Router) {
        router.add(.get, "/jobs") { exchange, _ in
            answer(exchange) {
                let caller = state.callers.caller(of: exchange)
                let query = try JobListQuery(exchange.head.target.queryItems(), accounts: caller.accounts)
                desk.take(exchange, of: caller.account) { turn in
                    jobs.keeper.list(query) { result in
                        answer(exchange, turn) {
                            let page = try result.get()
                            exchange.respond(Self.json(JSON.encode(JobListDocument(page.jobs.map(jobs.document), next: page.next))))
                        }
                    }
                }
            }
        }
        router.add(.get, "/jobs/{id}") { exchange, names in
            with(exchange, names) { job, _ in exchange.respond(Self.json(JSON.encode(jobs.document(job)))) }
        }
        router.add(.delete, "/jobs/{id}") { exchange, names in
            answer(exchange) {
                let (id, caller) = (try Self.id(names), state.callers.caller(of: exchange))
                desk.take(exchange, of: caller.account, isOrder: true) { turn in
                    jobs.keeper.delete(id, for: caller.owner, forgetting: false) { result in
                        answer(exchange, turn) {
                            try result.get()
                            exchange.respond(Response(.noContent))
                        }
                    }
                }
            }
        }
        router.add(.get, "/jobs/{id}/events") { exchange, names in with(exchange, names) { events(exchange, $0, $1) } }
        router.add(.get, "/jobs/{id}/result") { exchange, names in with(exchange, names) { try result(exchange, $0, $1) } }
        router.add(.get, "/jobs/{id}/exits") { exchange, names in with(exchange, names) { try exits(exchange, $0, $1) } }
    }

    /// 202 for a job that has just been taken in.
    static func accepted(_ job: JobView, _ jobs: JobRunner) -> Response {
        var response = json(JSON.encode(jobs.document(job)), status: .accepted)
        response.headers.add("Location", "/jobs/\(job.id)")
        response.headers.add("Preference-Applied", "respond-async")
        return response
    }

    // MARK: Answers

    private func events(_ exchange: Exchange, _ job: JobView, _ turn: JobDeskTurn) {
        let text = exchange.head.headers["Last-Event-ID"] ?? ""
        // What is no number was not made here: from the beginning.
        let after = Quantity.whole(text) ?? 0
        jobs.keeper.events(of: job.id) { result in
            answer(exchange, turn) {
                let events = try result.get()
                events.read(after: after, limit: 1) { page in
                    answer(exchange, turn) {
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

    private func result(_ exchange: Exchange, _ job: JobView, _ turn: JobDeskTurn) throws {
        let head = try finished(job)
        jobs.keeper.result(of: job.id) { result in
            answer(exchange, turn) {
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

    private func exits(_ exchange: Exchange, _ job: JobView, _ turn: JobDeskTurn) throws {
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
            answer(exchange, turn) {
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

    /// Goes on with the job that is asked for, when it is its caller's turn.
    private func with(
        _ exchange: Exchange, _ names: [String: String], _ body: @escaping @Sendable (JobView, JobDeskTurn) throws -> Void
    ) {
        answer(exchange) {
            let (id, caller) = (try Self.id(names), state.callers.caller(of: exchange))
            desk.take(exchange, of: caller.account) { turn in
                jobs.keeper.find(id, for: caller.owner) { result in answer(exchange, turn) { try body(result.get(), turn) } }
            }
        }
    }

    /// - Parameter turn: held until this is done.
    private func answer(_ exchange: Exchange, _ turn: JobDeskTurn? = nil, _ body: () throws -> Void) {
        withExtendedLifetime(turn) {
            do { try body() } catch { context.refuse(exchange, error) }
        }
    }

    private static func json(_ json: Data, status: HTTPStatus = .ok) -> Response {
        var response = Response(status, contentType: "application/json", Array(json) + [0x0A])
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
