/// One line of an exposition: a suffix of the metric's name, labels, a value.
public struct Sample: Sendable {
    struct Label: Sendable {
        let name: String
        let value: String
    }

    var suffix = ""
    var labels: [Label] = []
    var value: Double
}

/// What a metric is to Prometheus.
public enum Kind: String, Sendable {
    case counter, gauge, histogram
}

/// Something that is recorded to and read as samples.
public protocol Instrument: AnyObject, Sendable {
    /// Internal to the registry: the current lines, each with those labels.
    func samples(labels: [(name: String, value: String)]) -> [Sample]
}

extension Sample {
    init(suffix: String = "", _ labels: [(name: String, value: String)], _ value: Double) {
        self.init(suffix: suffix, labels: labels.map { Label(name: $0.name, value: $0.value) }, value: value)
    }
}
