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
        /// Moved between memory (or a shared cache) and the passes of this kind of layer: `StageClock.bytes`.
        var bytes: Int?
        /// GFLOP/s that the roofline allows.
        var roofGflops: Double?
        /// `compute` or `memory`: which part of the roofline it stands under.
        var bound: String?

        enum CodingKeys: String, CodingKey {
            case name, kind, seconds, share, gflop, gflops, bytes, bound
            case roofGflops = "roof_gflops"
        }
    }

    var model: String
    var kernels: String
    var precision: String
    var threads: Int
    /// Side in pixels.
    var tile: Int
    /// Tiles in flight.
    var tilesAtOnce: Int
    var repetitions: Int
    /// Of all tiles in flight together.
    var tilesPerSecond: Double
    /// Median.
    var secondsPerTile: Double
    var gflop: Double?
    var gflops: Double?
    /// Of the measured peak of fused multiply-adds on those threads.
    var peakShare: Double?
    var peakGflops: Double?
    /// Measured.
    var bytesPerSecond: Double?
    var stages: [Stage]
    /// Highest resident size of the process.
    var peakMemoryBytes: Int

    enum CodingKeys: String, CodingKey {
        case model, kernels, precision, threads, tile, repetitions, gflop, gflops, stages
        case secondsPerTile = "seconds_per_tile"
        case peakShare = "peak_share"
        case peakGflops = "peak_gflops"
        case bytesPerSecond = "bytes_per_second"
        case tilesAtOnce = "tiles_at_once"
        case tilesPerSecond = "tiles_per_second"
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
            "peak \(number(peakGflops, 0)) GFLOP/s, memory \(number(bytesPerSecond.map { $0 * 1e-9 }, 1)) GB/s, "
                + "tiles at once \(tilesAtOnce), tiles per second \(fixed(tilesPerSecond, 3))",
            "",
            row("stage", "ms", "share", "GFLOP", "GFLOP/s", "MB", "roof", "bound"),
        ]
        for stage in stages {
            lines.append(
                row(
                    (stage.kind == "layer" ? "  " : "") + stage.name, fixed(stage.seconds * 1e3, 2),
                    fixed(stage.share * 100, 1) + " %", number(stage.gflop, 2), number(stage.gflops, 1),
                    number(stage.bytes.map { Double($0) * 1e-6 }, 0), number(stage.roofGflops, 0), stage.bound ?? "-"))
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
