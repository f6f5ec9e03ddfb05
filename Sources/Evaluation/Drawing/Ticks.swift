import Foundation

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten, five to ten of them.
struct Ticks {
    let values: [Double]
    private let step: Double

    init(from low: Double, to high: Double) {
        let span = max(high - low, 1e-3)
        let power = pow(10, floor(log10(span / 5)))
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { span / $0 <= 8 } ?? 10 * power
        self.step = step
        let first = (low / step).rounded(.down)
        let last = max((high / step).rounded(.up), first + 1)
        values = (Int(first)...Int(last)).map { Double($0) * step }
    }

    /// Where a value lies between the first (0) and the last tick (1).
    func share(of value: Double) -> Double { (value - values[0]) / (values[values.count - 1] - values[0]) }

    /// With as many digits as the step needs.
    func label(_ value: Double) -> String {
        String(format: "%.\(max(0, Int(-floor(log10(step) + 1e-9))))f", value)
    }
}
