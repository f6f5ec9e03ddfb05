import Foundation
import Kernels

/// Times one tile through a network, stage by stage.
public struct NetworkBenchmark: Sendable {
    public struct Stage: Sendable {
        public var name: String
        /// Median of the runs.
        public var seconds: Double
        /// Operations of ``Architecture/cost(height:width:)``; 0 for work that is not counted.
        public var gflop: Double
        public var gflops: Double { seconds > 0 ? gflop / seconds : 0 }
    }

    /// Whole tile, every run.
    public var runSeconds: [Double]
    public var gflop: Double
    /// Encoder, classifier, each sub-decoder, head.
    public var stages: [Stage]
    /// By kind of layer, all stages together.
    public var kinds: [Stage]
    /// Of the same threads, on registers alone.
    public var peakGFLOPS: Double
    /// Resident set of the process at its highest, bytes.
    public var peakMemoryBytes: Int
    public var threads: Int
    public var kernels: String

    public var medianSeconds: Double { Self.median(runSeconds) }
    public var gflops: Double { gflop / medianSeconds }
    public var peakShare: Double { gflops / peakGFLOPS }

    /// - Parameters:
    ///   - side: of the square tile in pixels, a multiple of 16.
    ///   - runs: counted; one more warms up.
    public init(_ network: AdaRevD, side: Int = 384, threads: Int, runs: Int = 5) {
        self.threads = threads
        kernels = network.kernels.name
        let cost = network.architecture.cost(height: side, width: side), depth = network.subDecoders
        gflop = cost.total(depth: depth) * 1e-9
        peakGFLOPS = PeakMeasurement.gflops(threads: threads)

        let team = ThreadTeam(threads: threads), workspace = network.makeWorkspace(team: team)
        defer { team.stop() }
        // Random pixels: a flat tile could take short cuts in caches and denormals that photos do not.
        var state: UInt64 = 1
        let tile = (0..<side * side * 3).map { _ -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24)
        }
        var residual = [Float](repeating: 0, count: tile.count)
        var totals: [Double] = [], steps: [[Double]] = [], byKind: [[String: Double]] = []
        for run in 0...runs {
            let clock = StageClock()
            workspace.clock = clock
            var marks = [StageClock.now()]
            _ = network.encode(tile, height: side, width: side, classify: true, in: workspace)
            marks.append(StageClock.now())
            for subDecoder in 1...depth {
                network.advance(to: subDecoder, in: workspace)
                marks.append(StageClock.now())
            }
            network.writeResidual(ofExit: depth, to: &residual, in: workspace)
            marks.append(StageClock.now())
            guard run > 0 else { continue }
            totals.append(marks[marks.count - 1] - marks[0])
            var durations = zip(marks.dropFirst(), marks).map { $0 - $1 }
            let classifier = clock.seconds["classifier"] ?? 0
            durations[0] -= classifier
            steps.append([durations[0], classifier] + durations.dropFirst())
            byKind.append(clock.seconds)
        }
        workspace.clock = nil
        runSeconds = totals
        let names = ["encoder", "classifier"] + (1...depth).map { "sub-decoder \($0)" } + ["head"]
        let costs = [cost.encoderTotal, cost.classifier] + [Double](repeating: cost.subDecoderTotal, count: depth) + [cost.head]
        stages = names.indices.map { index in
            Stage(name: names[index], seconds: Self.median(steps.map { $0[index] }), gflop: costs[index] * 1e-9)
        }
        var kindCosts = cost.encoder.merging(cost.subDecoder.mapValues { $0 * Double(depth) }, uniquingKeysWith: +)
        kindCosts["classifier"] = cost.classifier
        kindCosts["head"] = cost.head
        kinds = Set(byKind.flatMap(\.keys)).map { kind in
            Stage(
                name: kind, seconds: Self.median(byKind.map { $0[kind] ?? 0 }), gflop: (kindCosts[kind] ?? 0) * 1e-9)
        }.sorted { $0.seconds > $1.seconds }
        peakMemoryBytes = Self.peakResidentBytes()
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func peakResidentBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
