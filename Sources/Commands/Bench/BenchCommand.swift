import ArgumentParser
import Deblur
import Files
import Foundation
import Kernels
import Network

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures seconds per tile, GFLOP/s and memory, per stage.",
        discussion: "With --arch it draws random weights; else it measures --model.")

    enum Architecture: String, ExpressibleByArgument, CaseIterable { case nafnet, ufpnet }

    @Option(help: "Architecture with random weights.")
    var arch: Architecture?
    @Option(help: ArgumentHelp("Channels at full resolution, with --arch.", valueName: "w"))
    var width = 64
    @Option(help: ArgumentHelp("Sub-decoders, with --arch.", valueName: "k"))
    var decoders = 4
    @OptionGroup var model: ModelOptions
    @Option(
        help: ArgumentHelp("Side of the tile in pixels, a multiple of 16 (default: the model's).", valueName: "pixels"))
    var tile: Int?
    @OptionGroup var threads: ThreadOptions
    @Option(help: "Tiles in flight side by side, each on its share of the threads.")
    var atOnce = 1
    @Option(help: "Tiles that are timed one after the other, after one that is not.")
    var repetitions = 5
    @Option(help: ArgumentHelp("Write the measurements as JSON; - is standard output.", valueName: "file"))
    var json: FilePath?

    func validate() throws {
        guard (1...512).contains(width) else { throw ValidationError("--width: 1 to 512 is expected") }
        guard (1...64).contains(decoders) else { throw ValidationError("--decoders: 1 to 64 is expected") }
        guard (1...1000).contains(repetitions) else { throw ValidationError("--repetitions: 1 to 1000 is expected") }
        guard (1...1024).contains(atOnce) else { throw ValidationError("--at-once: 1 to 1024 is expected") }
        if let tile, !(16...4096).contains(tile) || tile % 16 != 0 {
            throw ValidationError("--tile: a multiple of 16 from 16 to 4096 is expected")
        }
        if arch != nil, model.model != nil { throw ValidationError("--arch and --model exclude each other") }
    }

    func run() throws {
        if let json { try OutputCheck.file(json, "--json") }
        let network = try network()
        let side = tile ?? network.configuration.tile
        let outcome = BenchRun(
            network: network, threads: threads.count, tile: side, atOnce: atOnce, repetitions: repetitions
        ).measure()
        let report = report(outcome, network, side, BenchCosts.of(network, tile: side, threads: threads.count))
        if let json {
            try FileOutput(json).write(json: report)
            if json.isDash { return }
        }
        print(report.text)
    }

    private func network() throws -> AdaRevD {
        let kernels = try KernelSet.required(threads.precision)
        return try model.checkingNoise {
            guard let arch else {
                return try model.read().network(kernelNoise: model.kernelNoise, kernels: kernels)
            }
            return try AdaRevD(
                random: .published(encoder: arch == .nafnet ? .nafnet : .ufpnet, width: width, subDecoders: decoders),
                kernelNoise: model.kernelNoise, kernels: kernels)
        }
    }

    private func report(
        _ outcome: BenchRun.Outcome, _ network: AdaRevD, _ side: Int, _ costs: BenchCosts
    ) -> BenchReport {
        let steps = outcome.steps.map { step in
            let gflop = costs.gflop[step.name]
            return BenchReport.Stage(
                name: step.name, kind: "step", seconds: step.seconds, share: step.seconds / outcome.seconds,
                gflop: gflop, gflops: gflop.map { $0 / step.seconds })
        }
        let layers = outcome.layers.map { layer in
            let gflop = costs.layerGflop[layer.name], bytes = outcome.layerBytes[layer.name]
            // Tiles in flight share the machine.
            let roof = costs.roof(gflop: gflop, bytes: bytes).map { ($0.gflops / Double(atOnce), $0.isMemory) }
            return BenchReport.Stage(
                name: layer.name, kind: "layer", seconds: layer.seconds, share: layer.seconds / outcome.seconds,
                gflop: gflop, gflops: gflop.map { $0 / layer.seconds }, bytes: bytes, roofGflops: roof?.0,
                bound: roof.map { $0.1 ? "memory" : "compute" })
        }
        let gflops = costs.total.map { $0 * outcome.tilesPerSecond }
        return BenchReport(
            model: network.configuration.name, kernels: network.kernels.name, precision: threads.precision.rawValue,
            threads: threads.count, tile: side, tilesAtOnce: atOnce, repetitions: repetitions,
            tilesPerSecond: outcome.tilesPerSecond, secondsPerTile: outcome.seconds,
            gflop: costs.total, gflops: gflops, peakShare: gflops.flatMap { rate in costs.peak.map { rate / $0 } },
            peakGflops: costs.peak, bytesPerSecond: costs.bandwidth, stages: steps + layers,
            peakMemoryBytes: outcome.peakMemoryBytes)
    }
}
