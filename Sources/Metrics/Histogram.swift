import Synchronization

/// A distribution in fixed buckets.
public final class Histogram: Instrument {
    /// Upper bounds from 1 ms to ten minutes: what a request to a slow service can take.
    public static let secondsBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ]

    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(buckets: [Double]) {
        precondition(
            !buckets.isEmpty && buckets.allSatisfy(\.isFinite) && zip(buckets, buckets.dropFirst()).allSatisfy(<),
            "buckets ascend and are finite")
        bounds = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    public func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    /// Number and sum of what was observed so far.
    public var total: (count: Int, sum: Double) {
        state.withLock { (Int($0.counts.reduce(0, +)), $0.sum) }
    }

    public func samples(labels: [(name: String, value: String)]) -> [Sample] {
        let state = state.withLock { $0 }
        var cumulative: UInt64 = 0
        var samples: [Sample] = []
        for (bound, count) in zip(bounds + [.infinity], state.counts) {
            cumulative += count
            samples.append(Sample(suffix: "_bucket", labels + [("le", Registry.format(bound))], Double(cumulative)))
        }
        samples.append(Sample(suffix: "_sum", labels, state.sum))
        samples.append(Sample(suffix: "_count", labels, Double(cumulative)))
        return samples
    }
}
