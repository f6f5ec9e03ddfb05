/// How far the pictures of a data set lie apart.
public struct Spread: Sendable, Equatable, Encodable {
    /// Of a sample: divided by n − 1. Nil for one value.
    public var standardDeviation: Double?
    public var least, lowerQuartile, median, upperQuartile, most: Double

    enum CodingKeys: String, CodingKey {
        case standardDeviation = "standard_deviation"
        case least = "min"
        case lowerQuartile = "quartile_1"
        case median
        case upperQuartile = "quartile_3"
        case most = "max"
    }

    /// - Returns: nil without a finite value; the others are passed over.
    public init?(_ values: [Double]) {
        let sorted = values.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let mean = sorted.reduce(0, +) / Double(sorted.count)
        let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = sorted.count > 1 ? (squares / Double(sorted.count - 1)).squareRoot() : nil
        (least, most) = (first, last)
        lowerQuartile = Self.quantile(0.25, of: sorted)
        median = Self.quantile(0.5, of: sorted)
        upperQuartile = Self.quantile(0.75, of: sorted)
    }

    /// Between neighbours in a straight line, as NumPy's default.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let position = share * Double(sorted.count - 1)
        let below = Int(position)
        guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
