/// Finds the handler of a method and path. Knows 404, 405 with Allow, OPTIONS, and HEAD where there is GET.
public struct Router: RequestHandler {
    /// A request that a route's template fits.
    public typealias Action = @Sendable (_ exchange: Exchange, _ parameters: [String: String]) -> Void

    /// A method and path template such as `/jobs/{id}/result`; a parameter fits one non-empty segment.
    public struct Route: Sendable {
        public let method: HTTPMethod
        public let template: String
        /// Served even when there are too many connections.
        public let isAlwaysServed: Bool
        let segments: [Segment]
        let action: Action
    }

    enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
    }

    public private(set) var routes: [Route] = []
    /// Takes what no template fits (static files, for instance); nil: 404.
    public var fallback: (@Sendable (Exchange) -> Void)?

    public init() {}

    /// Adds a route. The template becomes ``Exchange/route``.
    public mutating func add(
        _ method: HTTPMethod, _ template: String, always: Bool = false, _ action: @escaping Action
    ) {
        let segments = template.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? Segment.parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
        routes.append(
            Route(
                method: method, template: template, isAlwaysServed: always, segments: Array(segments), action: action))
    }

    public func isAlwaysServed(_ head: RequestHead) -> Bool {
        guard let segments = head.target.segments else { return false }
        return routes.contains { $0.isAlwaysServed && $0.accepts(head.method) && $0.match(segments) != nil }
    }

    /// The template that fits a request's path, whatever its method.
    public func template(of head: RequestHead) -> String? {
        guard let segments = head.target.segments else { return nil }
        return routes.first { $0.match(segments) != nil }?.template
    }

    public func handle(_ exchange: Exchange) {
        let head = exchange.head
        guard let segments = head.target.segments else {
            return exchange.refuse(
                Problem(.badRequest, code: "bad_request", detail: "The path is not UTF-8 text or holds a NUL."))
        }
        var template: String?
        var allowed: [HTTPMethod] = []
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            if route.accepts(head.method) {
                exchange.route = route.template
                return route.action(exchange, parameters)
            }
            template = route.template
            allowed.append(route.method)
            if route.method == .get { allowed.append(.head) }
        }
        guard let template else {
            if let fallback { return fallback(exchange) }
            return exchange.refuse(
                Problem(.notFound, code: "not_found", detail: "There is nothing under this path."))
        }
        exchange.route = template
        let allow = (allowed + [.options]).map(\.rawValue).joined(separator: ", ")
        if head.method == .options {
            return exchange.respond(Response(.noContent, headers: ["Allow": allow]))
        }
        exchange.refuse(
            Problem(
                .methodNotAllowed, code: "method_not_allowed",
                detail: "\(head.method) is not offered here; these are: \(allow).", headers: ["Allow": allow]))
    }
}

extension Router.Route {
    /// HEAD is GET without the content (RFC 9110 §9.3.2), which the server leaves out.
    func accepts(_ method: HTTPMethod) -> Bool { method == self.method || method == .head && self.method == .get }

    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): if literal != text { return nil }
            case .parameter(let name):
                if text.isEmpty { return nil }
                parameters[name] = text
            }
        }
        return parameters
    }
}
