/// When a tile's residual is taken for garbage rather than for a restoration.
///
/// Networks of this family answer a few ordinary photos with colour mosaics or infinities. A tile that trips the guard
/// is computed again and leaves at the deepest sub-decoder before which every output is sane; if not even the first
/// is, it is left as it came (exit 0).
public struct TileGuard: Sendable, Hashable {
    /// Largest believable |restored − input| of one value; the image is 0…1.
    public var maximumDeviation: Float
    /// Largest believable root mean square of restored − input over a tile.
    public var maximumRMS: Float

    /// Deblurring changes a tile by 0.01 to 0.1 root mean square, and rarely a value by more than 1. The default
    /// limits, 4 and 0.4, are far from that: 0.4 is the distance between two random pictures.
    public init(maximumDeviation: Float = 4, maximumRMS: Float = 0.4) {
        self.maximumDeviation = maximumDeviation
        self.maximumRMS = maximumRMS
    }

    /// What is wrong with a residual; nil when nothing is.
    func anomaly(in residual: UnsafeBufferPointer<Float>) -> TileAnomaly? {
        // Four sums side by side: one chain of additions would be as long as the tile.
        var squares = SIMD8<Float>(repeating: 0)
        var largest = SIMD8<Float>(repeating: 0)
        var total = 0.0
        var index = 0
        while index < residual.count {
            let end = min(index + 4096, residual.count)
            while index + 8 <= end {
                let value = UnsafeRawPointer(residual.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self)
                squares += value * value
                largest.replace(with: value, where: value .> largest)
                largest.replace(with: -value, where: -value .> largest)
                index += 8
            }
            while index < end {
                squares[0] += residual[index] * residual[index]
                largest[0] = max(largest[0], abs(residual[index]))
                index += 1
            }
            total += Double(squares.sum())
            squares = SIMD8(repeating: 0)
        }
        // A NaN or an infinity anywhere makes the sum of squares one.
        guard total.isFinite else { return .notFinite }
        let mean = total / Double(max(residual.count, 1))
        let sane = largest.max() <= maximumDeviation && mean <= Double(maximumRMS) * Double(maximumRMS)
        return sane ? nil : .deviates
    }
}

/// Why the guard did not believe a tile.
public enum TileAnomaly: String, Sendable, Hashable, CaseIterable {
    /// A value is infinite or not a number.
    case notFinite = "not_finite"
    /// The output is wildly off its input.
    case deviates
}
