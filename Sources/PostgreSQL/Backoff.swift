#if PostgreSQL
/// Seconds between tries of what failed: doubled each time, up to a bound, and spread so that replicas do not come back all at once.
struct Backoff {
    private var next: Double
    private let first: Double
    private let longest: Double

    init(first: Double = 0.25, longest: Double = 10) { (next, self.first, self.longest) = (first, first, longest) }

    /// How long to wait after one more failure: from half the step to all of it.
    mutating func failed() -> Double {
        defer { next = min(2 * next, longest) }
        return next * Double.random(in: 0.5...1)
    }

    mutating func succeeded() { next = first }
}
#endif
