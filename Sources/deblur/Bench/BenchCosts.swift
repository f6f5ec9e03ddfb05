import Network

/// What a tile costs and what the machine can do: with the measured time it gives GFLOP/s and the share of the peak.
struct BenchCosts: Sendable {
    /// GFLOP of a step for one tile: a multiply-add counts as two. Steps: `encoder`, `classifier`, `sub_decoder_1`…K,
    /// `head`.
    var gflop: [String: Double]
    /// The same by kind of layer, as the network's clock names them.
    var layerGflop: [String: Double]
    /// GFLOP/s of fused multiply-adds of all threads together, measured; nil where it was not.
    var peak: Double?

    var total: Double? { gflop.isEmpty ? nil : gflop.values.reduce(0, +) }
}
