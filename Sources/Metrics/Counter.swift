import Synchronization

/// A count that only grows.
public final class Counter: Instrument {
    private let bits = Atomic<UInt64>(0)

    /// Adds `amount`, at least 0.
    public func add(_ amount: Double = 1) {
        precondition(amount >= 0, "a counter only grows")
        bits.update { $0 + amount }
    }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    public func samples(labels: [(name: String, value: String)]) -> [Sample] { [Sample(labels, value)] }
}
