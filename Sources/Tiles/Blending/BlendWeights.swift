/// The weights of the tiles along one axis; a tile's weight is the product of its row's and its column's
/// (specification 9.2).
public struct BlendWeights: Sendable, Equatable {
    /// Weight of each pixel of each tile: `[tile][pixel within the tile]`.
    public let values: [[Float]]

    public init(axis: TileAxis, style: BlendStyle) {
        let weights = Self.ramps(axis, style)
        values = style == .edgeSafe ? Self.normalised(weights, axis) : weights
    }

    /// Sum over the tiles at each pixel of the padded axis.
    package func totals(_ axis: TileAxis) -> [Double] {
        Self.totals(values, axis)
    }

    // MARK: Construction

    private static func ramps(_ axis: TileAxis, _ style: BlendStyle) -> [[Float]] {
        let last = axis.count - 1
        var weights = [[Float]](repeating: [Float](repeating: 1, count: axis.tileLength), count: axis.count)
        guard let lastOverlap = axis.lastOverlap else {
            // The authors divide by zero or apply two ramps where a lone tile is no longer than the overlap; that
            // is left at 1 (specification 9.3).
            if style == .authors, axis.tileLength > axis.overlap { rise(&weights[0], over: axis.overlap) }
            return weights
        }
        for tile in 0...last {
            if tile > 0 { rise(&weights[tile], over: tile == last ? lastOverlap : axis.overlap) }
            if tile < last { fall(&weights[tile], over: tile == last - 1 ? lastOverlap : axis.overlap) }
        }
        return weights
    }

    /// ramp(m)[t] = t / (m − 1), rounded as PyTorch's `linspace(0, 1, m)` rounds it, which the authors' weights come
    /// from: both halves are counted from their own end by a rounded step, the upper one with one rounding in all.
    private static func ramp(_ count: Int, at t: Int) -> Float {
        let step = 1 / Float(count - 1)
        return t < count / 2 ? Float(t) * step : Float(1).addingProduct(-step, Float(count - 1 - t))
    }

    private static func rise(_ weights: inout [Float], over count: Int) {
        for t in 0..<count { weights[t] *= ramp(count, at: t) }
    }

    private static func fall(_ weights: inout [Float], over count: Int) {
        for t in 0..<count { weights[weights.count - 1 - t] *= ramp(count, at: t) }
    }

    private static func totals(_ weights: [[Float]], _ axis: TileAxis) -> [Double] {
        var totals = [Double](repeating: 0, count: axis.paddedLength)
        for (start, tile) in zip(axis.starts, weights) {
            for (offset, weight) in tile.enumerated() { totals[start + offset] += Double(weight) }
        }
        return totals
    }

    /// Divides by the sum where three tiles overlap, and nowhere else: two ramps sum to 1 within rounding already.
    private static func normalised(_ weights: [[Float]], _ axis: TileAxis) -> [[Float]] {
        let totals = totals(weights, axis)
        return zip(axis.starts, weights).map { start, tile in
            tile.enumerated().map { offset, weight in
                let total = totals[start + offset]
                return abs(total - 1) <= 1e-6 ? weight : Float(Double(weight) / total)
            }
        }
    }
}

/// How the residuals of overlapping tiles are weighted (specification 9).
public enum BlendStyle: String, Sendable, Hashable, CaseIterable {
    /// Weights sum to 1 everywhere; a lone row or column of tiles has weight 1.
    case edgeSafe = "edge-safe"
    /// The arithmetic of the authors' evaluation: a lone row or column fades at its top or left edge, and where three
    /// tiles overlap the sum rises to at most 1.019. For comparisons with published numbers.
    case authors
}
