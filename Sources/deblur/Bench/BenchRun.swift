import Foundation
import Kernels
import Network

/// Times one tile, step by step, over and over.
struct BenchRun {
    let network: AdaRevD
    let team: ThreadTeam
    /// Side in pixels.
    let tile: Int
    let repetitions: Int

    struct Outcome {
        /// Median seconds of a whole tile at full depth.
        var seconds: Double
        /// Median seconds of each step, in order.
        var steps: [(name: String, seconds: Double)]
        /// Median seconds of each kind of layer, longest first.
        var layers: [(name: String, seconds: Double)]
    }

    func measure() -> Outcome {
        let workspace = network.makeWorkspace(team: team)
        let clock = StageClock()
        workspace.clock = clock
        let pixels = (0..<tile * tile * 3).map { Float($0 &* 2_654_435_761 % 1009) / 1008 }
        var residual = [Float](repeating: 0, count: pixels.count)
        let names = ["encoder"] + (1...network.subDecoders).map { "sub_decoder_\($0)" } + ["head"]
        var steps = [[Double]](repeating: [], count: names.count)
        var layers: [String: [Double]] = [:]
        // The first tile lays out memory and plans transforms; it does not count.
        for round in 0...repetitions {
            clock.reset()
            var times: [Double] = []
            times.append(Self.seconds {
                _ = network.encode(pixels, height: tile, width: tile, classify: true, in: workspace)
            })
            for depth in 1...network.subDecoders {
                times.append(Self.seconds { network.advance(to: depth, in: workspace) })
            }
            times.append(Self.seconds {
                network.writeResidual(ofExit: network.subDecoders, to: &residual, in: workspace)
            })
            guard round > 0 else { continue }
            for (index, time) in times.enumerated() { steps[index].append(time) }
            for (kind, time) in clock.seconds { layers[kind, default: []].append(time) }
        }
        let tiles = (0..<repetitions).map { round in steps.reduce(0) { $0 + $1[round] } }
        return Outcome(
            seconds: Self.median(tiles), steps: zip(names, steps).map { ($0, Self.median($1)) },
            layers: layers.map { ($0.key, Self.median($0.value)) }.sorted { $0.seconds > $1.seconds })
    }

    private static func seconds(_ work: () -> Void) -> Double {
        ContinuousClock().measure(work) / .seconds(1)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// VmHWM of proc(5) status.
    static func peakMemoryBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
