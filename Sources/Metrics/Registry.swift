import Synchronization

/// The metrics of one process, and their form on the wire: Prometheus' text format 0.0.4.
///
/// Metrics are declared once, at start, and appear in the order of their declaration. Recording takes an atomic
/// operation (counters, gauges) or one short lock (histograms, and the look-up of labels).
public final class Registry: Sendable {
    /// What a scrape must say in `Content-Type`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Metric: Sendable {
        let name: String
        let help: String
        let kind: Kind
        let samples: @Sendable () -> [Sample]
    }

    private let metrics = Mutex<[Metric]>([])

    public init() {}

    /// A count that only grows. Its name ends in `_total`.
    public func counter(_ name: String, _ help: String) -> Counter {
        let counter = Counter()
        declare(name, help, .counter) { counter.samples(labels: []) }
        return counter
    }

    /// Counters told apart by labels.
    public func counters(_ name: String, _ help: String, labels: [String]) -> Family<Counter> {
        family(name, help, .counter, labels) { Counter() }
    }

    /// A value that goes up and down.
    public func gauge(_ name: String, _ help: String) -> Gauge {
        let gauge = Gauge()
        declare(name, help, .gauge) { gauge.samples(labels: []) }
        return gauge
    }

    /// Gauges told apart by labels.
    public func gauges(_ name: String, _ help: String, labels: [String]) -> Family<Gauge> {
        family(name, help, .gauge, labels) { Gauge() }
    }

    /// A distribution. - Parameter buckets: upper bounds, ascending and finite; +Inf is added.
    public func histogram(_ name: String, _ help: String, buckets: [Double]) -> Histogram {
        let histogram = Histogram(buckets: buckets)
        declare(name, help, .histogram) { histogram.samples(labels: []) }
        return histogram
    }

    /// Distributions told apart by labels.
    public func histograms(_ name: String, _ help: String, labels: [String], buckets: [Double]) -> Family<Histogram> {
        precondition(!labels.contains("le"), "le is the label of the buckets")
        return family(name, help, .histogram, labels) { Histogram(buckets: buckets) }
    }

    /// A gauge or counter that is read when somebody asks.
    /// - Parameters:
    ///   - read: nil leaves the metric out of this scrape.
    ///   - name: the metric's.
    ///   - help: one sentence for its readers.
    ///   - kind: gauge or counter.
    public func sampled(
        _ name: String, _ help: String, kind: Kind = .gauge, _ read: @escaping @Sendable () -> Double?
    ) {
        precondition(kind != .histogram, "a histogram has no single value")
        declare(name, help, kind) { read().map { [Sample(value: $0)] } ?? [] }
    }

    /// The whole exposition. Metrics without a sample say their HELP and TYPE all the same.
    public func render() -> String {
        var text = ""
        for metric in metrics.withLock({ $0 }) {
            text += "# HELP \(metric.name) \(Self.escape(metric.help, quotes: false))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples() {
                text += metric.name + sample.suffix
                if !sample.labels.isEmpty {
                    let pairs = sample.labels.map { "\($0.name)=\"\(Self.escape($0.value, quotes: true))\"" }
                    text += "{\(pairs.joined(separator: ","))}"
                }
                text += " \(Self.format(sample.value))\n"
            }
        }
        return text
    }

    private func family<Child: Instrument>(
        _ name: String, _ help: String, _ kind: Kind, _ labels: [String], _ make: @escaping @Sendable () -> Child
    ) -> Family<Child> {
        let family = Family(labels: labels, make: make)
        declare(name, help, kind) { family.samples() }
        return family
    }

    private func declare(
        _ name: String, _ help: String, _ kind: Kind, _ samples: @escaping @Sendable () -> [Sample]
    ) {
        precondition(Self.isName(name), "not a metric name: \(name)")
        metrics.withLock { metrics in
            precondition(!metrics.contains { $0.name == name }, "declared twice: \(name)")
            metrics.append(Metric(name: name, help: help, kind: kind, samples: samples))
        }
    }
}
