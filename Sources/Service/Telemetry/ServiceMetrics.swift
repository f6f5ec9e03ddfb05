import Metrics

/// Everything the service counts, by the names of the contract.
public struct ServiceMetrics: Sendable {
    public let registry: Registry
    private let requests: Family<Counter>
    private let namesClients: Bool
    let requestSeconds: Family<Histogram>
    let rejected: Family<Counter>
    let cancelled: Family<Counter>
    let cancelSeconds: Histogram
    let queueWait: Histogram
    let stageSeconds: Family<Histogram>
    let tiles: Family<Counter>
    let tileSeconds: Family<Histogram>
    let anomalies: Counter
    let jobs: Family<Gauge>
    let jobsAccepted: Counter
    let jobsEnded: Family<Counter>
    let spoolBytes: Gauge
    let spoolErrors: Family<Counter>
    let eventStreams: Gauge

    /// - Parameter namesClients: whether requests are counted by client; for a service with keys, whose names are few.
    public init(namesClients: Bool = false) {
        self.namesClients = namesClients
        let registry = Registry()
        self.registry = registry
        requests = registry.counters(
            "deblur_http_requests_total",
            "Answers by route, method and status; 499: the client left before one. With keys also by the name of the key.",
            labels: ["route", "method", "code"] + (namesClients ? ["client"] : []))
        requestSeconds = registry.histograms(
            "deblur_http_request_seconds", "From a request's first byte to its answer's last.", labels: ["route"],
            buckets: Histogram.secondsBuckets)
        rejected = registry.counters(
            "deblur_rejected_total", "Requests that were refused, by the code of the problem.", labels: ["reason"])
        cancelled = registry.counters(
            "deblur_cancelled_total", "Images whose client left, or whose job was deleted, by what was being done.",
            labels: ["stage"])
        cancelSeconds = registry.histogram(
            "deblur_cancel_seconds",
            "From a client's leaving, or a job's deletion, to the moment when no worker was busy with the image.",
            buckets: Histogram.secondsBuckets)
        queueWait = registry.histogram(
            "deblur_queue_wait_seconds", "From an image's admission to the start of its first tile.",
            buckets: Histogram.secondsBuckets)
        stageSeconds = registry.histograms(
            "deblur_stage_seconds",
            "Work by stage: decode and encode per image; read, encoder, sub_decoder, head and blend per tile.",
            labels: ["stage"], buckets: Histogram.secondsBuckets)
        tiles = registry.counters(
            "deblur_tiles_total", "Finished tiles by exit; 0: left as they came.", labels: ["exit"])
        tileSeconds = registry.histograms(
            "deblur_tile_seconds", "A tile's time with its worker, by exit.", labels: ["exit"],
            buckets: Histogram.secondsBuckets)
        anomalies = registry.counter(
            "deblur_tile_anomalies_total", "Tiles whose output was not believed and was replaced.")
        jobs = registry.gauges("deblur_jobs", "Jobs that are kept, by state.", labels: ["state"])
        jobsAccepted = registry.counter("deblur_jobs_accepted_total", "Jobs that were answered with 202.")
        jobsEnded = registry.counters(
            "deblur_jobs_ended_total", "Jobs that have ended, by how: succeeded, failed, cancelled.", labels: ["state"])
        spoolBytes = registry.gauge(
            "deblur_spool_bytes", "Photos and results of jobs on disk, and room for results to come.")
        spoolErrors = registry.counters(
            "deblur_spool_errors_total",
            "What could not be done on disk: accept (also for the limit), begin, finish, read, recover.",
            labels: ["operation"])
        eventStreams = registry.gauge("deblur_event_streams", "Clients that follow a job's events.")
        for operation in ["accept", "begin", "finish", "read", "recover"] { spoolErrors(operation).add(0) }
        registry.sampled(
            "deblur_log_lines_dropped_total", "Lines of the log that nobody read in time.", kind: .counter
        ) { Double(LogWriter.standardError.droppedLines) }
        ProcessMetrics.register(in: registry)
    }

    /// - Parameter client: the name of a key; nil: none came.
    func request(_ route: String, _ method: String, _ status: String, client: String?) {
        (namesClients ? requests(route, method, status, client ?? "") : requests(route, method, status)).add()
    }
}
