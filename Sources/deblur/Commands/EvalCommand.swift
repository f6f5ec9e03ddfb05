import ArgumentParser
import Evaluation
import Foundation
import Service
import Tiles

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "PSNR and SSIM on pairs of pictures, by the authors' protocol.",
        discussion: "Prints a table of the means: PSNR, SSIM, PSNR of the blurred pictures, how much of the "
            + "sub-decoders ran (D-Rate), and seconds per picture.")

    @OptionGroup var pairOptions: PairOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var exits: ExitOptions
    @Flag(help: "RealBlur's protocol: match intensities and align before comparing.")
    var align = false
    @Option(help: ArgumentHelp("Write tables of the means and of every picture in Markdown.", valueName: "file"))
    var markdown: String?
    @Option(help: ArgumentHelp("Keep the restored pictures as PNG in this folder.", valueName: "folder"))
    var save: String?
    @Option(help: ArgumentHelp("The data set's name in the tables (default: the folder's).", valueName: "text"))
    var name: String?

    func run() throws {
        let pairs = try pairOptions.pairs()
        let served = try model.load(precision: threads.precision)
        let options = try exits.restoration(served)
        let scheduler = TileScheduler(
            network: served.network, configuration: .init(threads: threads.count, tile: served.tile))
        defer { scheduler.stop() }
        let evaluator = Evaluator(
            scheduler: scheduler, options: options, scoring: align ? .aligned : .plain, limits: ImageRestorer.limits)
        var report = EvaluationReport(
            dataSet: name ?? Self.dataSet(URL(filePath: pairOptions.blur).standardizedFileURL.pathComponents),
            model: served.reference, scoring: align ? .aligned : .plain, subDecoders: served.subDecoders)
        let line = pairOptions.progress(totalTiles: pairs.reduce(0) { $0 + evaluator.tiles(of: $1) })
        for pair in pairs {
            line?.start(pair.name)
            do {
                let file = save.map { URL(filePath: $0).appending(path: "\(pair.name).png") }
                report.images.append(try evaluator.run(pair, saving: file) { _ in line?.advance() })
            } catch {
                line?.clear()
                throw CommandFailure(pair.name, error)
            }
        }
        line?.clear()
        let unaligned = report.images.count { $0.isAligned == false }
        if unaligned > 0 {
            let note = "\(unaligned) pictures could not be aligned and count as they are\n"
            FileHandle.standardError.write(Data(note.utf8))
        }
        if let markdown {
            try Data("\(report.summary)\n\(report.details)".utf8).write(to: URL(filePath: markdown), options: .atomic)
        }
        if try pairOptions.write(report) { return }
        print(report.summary, terminator: "")
    }

    /// The folder's name, with its parent's where it is one that every data set has.
    private static func dataSet(_ path: [String]) -> String {
        let isCommon = path.last.map { ["test", "train", "val", "blur", "input"].contains($0.lowercased()) } ?? false
        return path.suffix(isCommon ? 2 : 1).joined(separator: "/")
    }
}
