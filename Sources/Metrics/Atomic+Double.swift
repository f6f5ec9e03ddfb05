import Synchronization

extension Atomic where Value == UInt64 {
    /// Replaces the number whose bits are stored. Order with other memory does not matter to a metric.
    borrowing func update(_ change: (Double) -> Double) {
        var old = load(ordering: .relaxed)
        while true {
            let new = change(Double(bitPattern: old)).bitPattern
            let result = compareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}
