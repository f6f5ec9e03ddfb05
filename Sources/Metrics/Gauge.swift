import Synchronization

/// A value that goes up and down.
public final class Gauge: Instrument {
    private let bits = Atomic<UInt64>(0)

    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    public func add(_ amount: Double) { bits.update { $0 + amount } }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    public func samples(labels: [(name: String, value: String)]) -> [Sample] { [Sample(labels, value)] }
}
