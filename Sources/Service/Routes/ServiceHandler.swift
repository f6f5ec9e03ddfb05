import Deblur
import Dispatch
import Foundation
import HTTP
import Metrics

/// The routes of the contract, and what stands before all of them: preflights of other origins' pages, and the key.
package struct ServiceHandler: RequestHandler {
    private let state: ServiceState
    private let keys: APIKeys?
    private let crossOrigin: CrossOriginPolicy?
    /// Nil where the page is not installed.
    private let page: Page?
    private var router = Router()
    private static let scrapes = DispatchQueue(label: "metrics", qos: .userInitiated)

    /// Who asks for these needs no key: probes have none, and neither has a browser that follows a link.
    private static let publicPaths: Set<String> = ["/healthz", "/readyz", "/openapi.yaml"]

    init(state: ServiceState, keys: APIKeys?) {
        self.state = state
        self.keys = keys
        crossOrigin = state.options.crossOrigin
        let page = Installation.file("Public").flatMap { try? Page(folder: $0.path) }
        self.page = page
        router.add(.get, "/") { exchange, _ in
            if let page { return page.answer(exchange) }
            exchange.refuse(Problem(.notFound, code: "not_found", detail: "The page is not installed here."))
        }
        if let page {
            router.fallback = { exchange in
                exchange.route = "/"
                page.answer(exchange)
            }
        }
        router.add(.post, "/deblur") { exchange, _ in Self.deblur(exchange, state) }
        router.add(.get, "/healthz", always: true) { exchange, _ in
            exchange.respond(Self.response("text/plain; charset=utf-8", "ok\n"))
        }
        router.add(.get, "/readyz", always: true) { exchange, _ in Self.ready(exchange, state) }
        JobRoutes(state).add(to: &router)
        router.add(.get, "/metrics", always: true) { exchange, _ in
            // Takes longer the more there is to tell: not on an event loop.
            Self.scrapes.async {
                guard !exchange.isDisconnected else { return }
                state.jobs.keeper.updateGauges {
                    exchange.respond(
                        Self.response(Registry.contentType, state.context.metrics.registry.render()))
                }
            }
        }
        router.add(.get, "/model") { exchange, _ in Self.model(exchange, state) }
        let openAPI = Installation.file("openapi.yaml").flatMap { try? String(contentsOf: $0, encoding: .utf8) }
        if let openAPI {
            router.add(.get, "/openapi.yaml") { exchange, _ in
                exchange.respond(Self.response("application/yaml", openAPI))
            }
        }
    }

    /// Method and path template of every route, for the comparison with openapi.yaml.
    package var routes: [Router.Route] { router.routes }

    package func isAlwaysServed(_ head: RequestHead) -> Bool { router.isAlwaysServed(head) }

    package func handle(_ exchange: Exchange) {
        if let crossOrigin, crossOrigin.isPreflight(exchange.head) {
            // On any path: a page that asks for what is not there gets to see the 404.
            exchange.route = router.template(of: exchange.head)
            return exchange.respond(Response(.noContent))
        }
        let isPublic = Self.publicPaths.contains(exchange.head.target.path) || page?.holds(exchange.head) ?? false
        let tenant = keys?.tenant(of: exchange.head)
        exchange.client = tenant?.label
        if keys != nil, !isPublic, tenant == nil {
            return state.context.refuse(exchange, Problem.unauthorized)
        }
        router.handle(exchange)
    }

    private static func deblur(_ exchange: Exchange, _ state: ServiceState) {
        do {
            try DeblurRequest(exchange, engine: state.engine(), service: state).start()
        } catch {
            state.context.refuse(exchange, error)
        }
    }

    /// Asked every few seconds by whoever routes traffic; a refusal here is no event, so it is not counted as one.
    private static func ready(_ exchange: Exchange, _ state: ServiceState) {
        do throws(Problem) {
            _ = try state.engine()
            exchange.respond(response("text/plain; charset=utf-8", "ready\n" + (state.jobs.keeper.trouble.map { "jobs: \($0)\n" } ?? "")))
        } catch {
            exchange.refuse(error)
        }
    }

    private static func model(_ exchange: Exchange, _ state: ServiceState) {
        do throws(Problem) {
            let engine = try state.anyEngine()
            let document = ModelDocument(engine, options: state.options)
            let json = String(decoding: JSON.encode(document, pretty: true), as: UTF8.self)
            exchange.respond(response("application/json", json + "\n"))
        } catch {
            state.context.refuse(exchange, error)
        }
    }

    private static func response(_ contentType: String, _ text: String) -> Response {
        var response = Response(.ok, contentType: contentType, Array(text.utf8))
        // States, not documents: a proxy that kept one would tell an old one.
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
