import Kernels
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
    /// Bytes per second between memory and all threads together, measured.
    var bandwidth: Double?

    /// - Parameters:
    ///   - tile: side in pixels.
    ///   - threads: over which the peak is measured.
    static func of(_ network: AdaRevD, tile: Int, threads: Int) -> BenchCosts {
        let cost = TileCost(network.architecture, side: tile)
        return BenchCosts(
            gflop: cost.steps, layerGflop: cost.layers,
            peak: PeakMeasurement.gflops(threads: threads),
            bandwidth: PeakMeasurement.bytesPerSecond(threads: threads))
    }

    /// GFLOP/s that neither the multiply-adds nor the memory allow to exceed (the roofline: Williams, Waterman and
    /// Patterson 2009), and which of the two it is; nil where work, bytes or the machine are unknown.
    func roof(gflop: Double?, bytes: Int?) -> (gflops: Double, isMemory: Bool)? {
        guard let gflop, let bytes, bytes > 0, let peak, let bandwidth else { return nil }
        let memory = gflop / Double(bytes) * bandwidth
        return (min(peak, memory), memory < peak)
    }

    var total: Double? { gflop.isEmpty ? nil : gflop.values.reduce(0, +) }
}
