import ArgumentParser
import Deblur
import Evaluation
import Files
import Foundation
import Kernels
import Network
import Tiles

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "What each sub-decoder gains on your own pictures, and the exits that follow.",
        discussion: """
            Takes every tile of the pairs through all sub-decoders and prints the mean gains by degradation class (the \
            paper's O, Eq. 13), the exit table that they give for τ (E, Eq. 12), and what PSNR and D-Rate other values \
            of τ would give. Classes go by the PSNR of the blurred tile, as the paper defines them; with --classes \
            classifier by what the model's classifier sees.
            """)

    enum Classes: String, ExpressibleByArgument, CaseIterable { case label, classifier }

    @Option(help: .blurred)
    var blur: FilePath
    @OptionGroup var pairOptions: PairOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var encoding: EncodingOptions
    @Option(
        help: ArgumentHelp("A sub-decoder has to gain at least this (default: the model's, else 0.05).", valueName: "dB"))
    var tau: Double?
    @Option(help: "What a tile's class goes by.")
    var classes = Classes.label
    @Option(help: ArgumentHelp("PSNR limits between the classes in dB, as 20,25,30,35,40.", valueName: "list"))
    var thresholds: String?
    @Option(help: ArgumentHelp("Values of τ to compare, in dB.", valueName: "list"))
    var sweep = "0,0.005,0.01,0.02,0.05,0.1,0.2,0.5"
    @Option(help: ArgumentHelp("Write the model with the new increments, table and τ.", valueName: "model"))
    var write: FilePath?
    @Option(help: ArgumentHelp("Draw the gains as a PNG.", valueName: "file"))
    var plot: FilePath?

    func validate() throws {
        if let tau, !(0...100).contains(tau) { throw ValidationError("--tau: 0 to 100 dB is expected") }
        for (option, list) in [("thresholds", thresholds), ("sweep", sweep)] where list != nil {
            guard let values = list.flatMap(Self.numbers), zip(values, values.dropFirst()).allSatisfy(<) else {
                throw ValidationError("--\(option): rising numbers separated by commas are expected")
            }
        }
        if let write, write.fileExtension != "safetensors" {
            throw ValidationError("--write: models are written as .safetensors")
        }
    }

    func run() throws {
        try OutputCheck.files([("--json", pairOptions.json), ("--write", write), ("--plot", plot)])
        let pairs = try pairOptions.pairs(blur: blur)
        var file = try model.read()
        let network = try model.checkingNoise {
            try file.network(kernelNoise: model.kernelNoise, kernels: KernelSet.required(threads.precision))
        }
        let limits = try chosenThresholds(of: file)
        if classes == .classifier, file.classes == nil {
            throw ValidationError("--classes: the model has no classifier")
        }
        if write != nil {
            // Before the long part, not after it.
            guard let classCount = file.classes else { throw EvaluationError.noClasses }
            guard classCount == limits.classes else {
                throw EvaluationError.thresholds(expected: classCount - 1, actual: limits.decibels.count)
            }
        }

        let calibration = try gather(pairs, file, network, limits)
        let tau = tau ?? file.configuration.tau ?? 0.05
        let name = file.configuration.name
        let outlooks = calibration.sweep(Self.numbers(sweep) ?? [])
        if let plot { try IncrementPlot(calibration, tau: tau, title: name).write(to: plot) }
        if let write {
            try file.set(calibration, tau: tau)
            try file.write(to: write.url())
        }
        try pairOptions.write(CalibrationReport(calibration, model: name, tau: tau, sweep: outlooks))
        if let note = calibration.note(tau: tau) { Console.note(note + "\n") }
        if pairOptions.json?.isDash == true { return }
        print(calibration.table)
        if let accuracy = calibration.classifierAccuracy {
            print("classifier agrees with the label on \(String(format: "%.1f", accuracy * 100)) % of the tiles")
        }
        let table = calibration.exitTable(tau: tau).map(String.init).joined(separator: ",")
        print("exit table for τ = \(tau) dB: \(table)\n")
        print(Calibration.table(of: outlooks), terminator: "")
        if let write { print("\nwrote \(write)") }
    }

    private func gather(
        _ pairs: [ImagePair], _ file: ModelFile, _ network: AdaRevD, _ limits: DegradationThresholds
    ) throws -> Calibration {
        let team = ThreadTeam(threads: threads.count)
        defer { team.stop() }
        let configuration = file.configuration
        let progress = ProgressRelay()
        let calibrator = Calibrator(
            network, tile: try TileSize(side: configuration.tile, overlap: configuration.overlap),
            mode: encoding.mode.mode, thresholds: limits, team: team, limits: ImageRestorer.limits
        ) { progress.line?.advance() }
        progress.line = pairOptions.progress(totalTiles: pairs.reduce(0) { $0 + calibrator.tiles(of: $1) })
        defer { progress.line?.clear() }
        for pair in pairs {
            progress.line?.start(pair.name)
            do {
                try calibrator.add(pair)
            } catch {
                progress.line?.clear()
                throw CommandFailure(pair.name, error)
            }
        }
        return calibrator.calibration(
            by: classes == .label ? .label : .classifier, subDecoders: network.subDecoders, classes: file.classes,
            previous: file.previousExits)
    }

    /// The option's, else the model's, else the authors' for as many classes.
    private func chosenThresholds(of file: ModelFile) throws -> DegradationThresholds {
        if let given = thresholds.flatMap(Self.numbers) { return DegradationThresholds(given) }
        if let stored = file.configuration.thresholds { return DegradationThresholds(stored) }
        guard let count = file.classes else { return .gopro }
        guard let published = DegradationThresholds.published(classes: count) else {
            throw ValidationError("--thresholds: the model has \(count) classes and does not say where they part")
        }
        return published
    }

    private static func numbers(_ list: String) -> [Double]? {
        let values = list.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard values.allSatisfy({ $0?.isFinite == true }) else { return nil }
        return values.compactMap { $0 }
    }
}

/// The line that tiles advance; it is known only when the tiles have been counted.
private final class ProgressRelay {
    var line: ProgressLine?
}

extension ModelFile {
    /// What the model says of its exits; nil where nothing chooses them by class.
    fileprivate var previousExits: Calibration.Previous? {
        guard classes != nil, case .table(let table) = try? ExitChoice().policy(for: architecture, configuration) else {
            return nil
        }
        return Calibration.Previous(increments: configuration.increments, exitTable: table)
    }
}
