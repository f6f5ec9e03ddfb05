import Foundation
import Kernels
import Network

/// Times tiles, step by step, over and over.
struct BenchRun {
    let network: AdaRevD
    /// Of all tiles in flight together.
    let threads: Int
    /// Side in pixels.
    let tile: Int
    /// Tiles in flight, each on its share of the threads.
    let atOnce: Int
    let repetitions: Int

    struct Outcome {
        /// Median seconds of a whole tile at full depth.
        var seconds: Double
        /// Of all tiles in flight together.
        var tilesPerSecond: Double
        /// Median seconds of each step, in order.
        var steps: [(name: String, seconds: Double)]
        /// Median seconds of each kind of layer, longest first.
        var layers: [(name: String, seconds: Double)]
        /// Bytes that each kind of layer moved for one tile, where they are counted.
        var layerBytes: [String: Int]
        /// Highest resident size of the process so far.
        var peakMemoryBytes: Int
    }

    /// One tile in flight, and what its thread leaves behind.
    private final class Lane: @unchecked Sendable {
        // Safe to share: its own thread writes, and it is read after that thread has ended.
        var seconds: [Double] = []
        var steps: [[Double]] = []
        var layers: [String: [Double]] = [:]
        var layerBytes: [String: Int] = [:]
    }

    private var stepNames: [String] {
        ["encoder"] + (1...network.subDecoders).map { "sub_decoder_\($0)" } + ["head"]
    }

    func measure() -> Outcome {
        let lanes = (0..<atOnce).map { _ in Lane() }, ready = DispatchGroup(), ended = DispatchGroup()
        let share = max(1, threads / atOnce)
        for lane in lanes {
            ready.enter()
            ended.enter()
            let thread = Thread {
                run(lane, threads: share) {
                    ready.leave()
                    ready.wait()
                }
                ended.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        ended.wait()
        let seconds = Self.median(lanes.flatMap(\.seconds))
        let rates = lanes.map { Double($0.seconds.count) / $0.seconds.reduce(0, +) }
        return Outcome(
            seconds: seconds, tilesPerSecond: rates.reduce(0, +),
            steps: stepNames.enumerated().map { index, name in
                (name, Self.median(lanes.flatMap { $0.steps[index] }))
            },
            layers: lanes[0].layers.map { ($0.key, Self.median($0.value)) }.sorted { $0.seconds > $1.seconds },
            layerBytes: lanes[0].layerBytes, peakMemoryBytes: Self.peakMemoryBytes())
    }

    /// Waits in `whenWarm` until every tile in flight has been laid out.
    private func run(_ lane: Lane, threads: Int, whenWarm: () -> Void) {
        let team = ThreadTeam(threads: threads)
        defer { team.stop() }
        let clock = StageClock()
        let run = TileRun(AdaRevDSteps(network, team: team, clock: clock), subDecoders: network.subDecoders)
        let pixels = AlignedFloats((0..<tile * tile * 3).map { Float($0 &* 2_654_435_761 % 1009) / 1008 })
        let residual = AlignedFloats(count: pixels.count)
        lane.steps = [[Double]](repeating: [], count: stepNames.count)
        // The first tile lays out memory and plans transforms; it does not count.
        for round in 0...repetitions {
            clock.reset()
            var times: [Double] = []
            run.begin(
                TileInput(.pixels(pixels.constant), height: tile, width: tile),
                .exit(.fixed(network.subDecoders), limit: network.subDecoders), classify: true)
            while let step = run.next() {
                times.append(Self.seconds { run.perform(step, residual: residual.pointer) })
            }
            guard round > 0 else {
                whenWarm()
                continue
            }
            lane.seconds.append(times.reduce(0, +))
            for (index, time) in times.enumerated() { lane.steps[index].append(time) }
            for (kind, time) in clock.seconds { lane.layers[kind, default: []].append(time) }
            lane.layerBytes = clock.bytes
        }
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
    private static func peakMemoryBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
