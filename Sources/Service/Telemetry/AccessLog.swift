import HTTP
import Logging

/// Counts every answer and writes one line about it.
struct AccessLog: Sendable {
    let metrics: ServiceMetrics
    let logger: Logger
    let clients: ClientAddress

    /// Probes come every few seconds and say nothing new.
    private static let quiet: Set<String> = ["/healthz", "/readyz", "/metrics"]
    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]

    func record(_ answer: AnswerRecord) {
        // Labels from bounded sets only: what clients invent must not make time series.
        let route = answer.route ?? "other"
        let sent = answer.method?.rawValue ?? "none"
        let method = Self.methods.contains(sent) ? sent : "other"
        // 499 as nginx: nobody was there to take a status. Not an error of the service.
        let status = answer.status.map { String($0.rawValue) } ?? "499"
        metrics.request(route, method, status, client: answer.client)
        metrics.requestSeconds(route).observe(answer.seconds)
        if let code = answer.serverProblem { metrics.rejected(code).add() }

        let level: Logger.Level =
            Self.quiet.contains(route) ? .debug : (answer.status?.rawValue ?? 0) == 500 ? .error : .info
        guard logger.logLevel <= level else { return }
        var fields: Logger.Metadata = [
            "request_id": "\(answer.requestID)", "route": "\(route)", "method": "\(method)", "status": "\(status)",
            "bytes_in": "\(answer.requestBodyBytes)", "bytes_out": "\(answer.responseBodyBytes)",
            "seconds": "\((answer.seconds * 1e4).rounded() / 1e4)",
            "client": "\(clients.resolve(peer: answer.remoteHost, headers: answer.head?.headers))",
        ]
        if let client = answer.client { fields["key"] = "\(client)" }
        if case .complete = answer.outcome {} else { fields["outcome"] = "\(answer.outcome)" }
        if let problem = answer.serverProblem { fields["problem"] = "\(problem)" }
        if let trace = answer.head?.headers["traceparent"] { fields["traceparent"] = "\(LogText.prefix(trace, bytes: 128))" }
        if route == "other", let target = answer.target { fields["target"] = "\(LogText.prefix(target, bytes: 256))" }
        logger.log(level: level, "request", metadata: fields)
    }
}
