/// What `deblur bench --json` writes. The names are fixed.
struct BenchReport: Codable {
    struct Stage: Codable {
        /// `encoder`, `sub_decoder_1`, `head`, or a kind of layer.
        var name: String
        /// `step`: one after the other, they add up to a tile. `layer`: the same time by kind of layer.
        var kind: String
        /// Median.
        var seconds: Double
        /// Of the tile's time.
        var share: Double
        var gflop: Double?
        var gflops: Double?
    }

    var model: String
    var kernels: String
    var precision: String
    var threads: Int
    /// Side in pixels.
    var tile: Int
    var repetitions: Int
    /// Median.
    var secondsPerTile: Double
    var gflop: Double?
    var gflops: Double?
    /// Of the measured peak of fused multiply-adds on those threads.
    var peakShare: Double?
    var peakGflops: Double?
    var stages: [Stage]
    /// Highest resident size of the process.
    var peakMemoryBytes: Int

    enum CodingKeys: String, CodingKey {
        case model, kernels, precision, threads, tile, repetitions, gflop, gflops, stages
        case secondsPerTile = "seconds_per_tile"
        case peakShare = "peak_share"
        case peakGflops = "peak_gflops"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    var text: String {
        func number(_ value: Double?, _ digits: Int) -> String { value.map { fixed($0, digits) } ?? "-" }
        var lines = [
            "\(model), \(precision), kernels \(kernels), \(threads) threads, tile \(tile)×\(tile)",
            "seconds per tile \(fixed(secondsPerTile, 4)) (median of \(repetitions)), "
                + "GFLOP \(number(gflop, 1)), GFLOP/s \(number(gflops, 1)), "
                + "share of peak \(number(peakShare.map { $0 * 100 }, 1)) %, "
                + "peak memory \(peakMemoryBytes >> 20) MiB",
            "",
            row("stage", "ms", "share", "GFLOP", "GFLOP/s"),
        ]
        for stage in stages {
            lines.append(
                row(
                    (stage.kind == "layer" ? "  " : "") + stage.name, fixed(stage.seconds * 1e3, 2),
                    fixed(stage.share * 100, 1) + " %", number(stage.gflop, 2), number(stage.gflops, 1)))
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ cells: String...) -> String {
        name.padding(toLength: 28, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        value.formatted(.number.precision(.fractionLength(digits)).grouping(.never).locale(.init(identifier: "en_US")))
    }
}
