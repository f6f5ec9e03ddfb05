import ArgumentParser
import Evaluation
import Files
import Foundation
import Tiles

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "PSNR and SSIM on pairs of pictures, by the authors' protocol.",
        discussion: """
            Prints tables of the means and of how far the pictures lie apart: PSNR, SSIM, PSNR of the blurred pictures, \
            what restoring gained (ΔPSNR), how much of the sub-decoders ran (D-Rate), and seconds per picture.

            With --results it scores pictures that are restored already, by whatever, and needs no model.
            """)

    @Option(help: .blurred)
    var blur: FilePath?
    @OptionGroup var pairOptions: PairOptions
    @Option(
        help: ArgumentHelp("Score these restored pictures instead of restoring --blur, which is optional then.", valueName: "folder"))
    var results: FilePath?
    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var exits: ExitOptions
    @Flag(help: "RealBlur's protocol: match intensities and align before comparing.")
    var align = false
    @Flag(help: "Blurred and sharp may be one file: what the model does to pictures that are sharp already.")
    var allowSame = false
    @Option(help: ArgumentHelp("Write tables of the means and of every picture in Markdown; - is standard output.", valueName: "file"))
    var markdown: FilePath?
    @Option(help: ArgumentHelp("Write a line per picture as CSV; - is standard output.", valueName: "file"))
    var csv: FilePath?
    @Option(help: ArgumentHelp("Keep the restored pictures as PNG in this folder.", valueName: "folder"))
    var save: FilePath?
    @Flag(help: "With --save: score pictures that are there, and restore the others only.")
    var skipExisting = false
    @Flag(help: "Go on after a pair that failed.")
    var keepGoing = false
    @Option(help: ArgumentHelp("The data set's name in the tables (default: the folder's).", valueName: "text"))
    var name: String?

    func validate() throws {
        guard blur != nil || results != nil else { throw ValidationError("--blur or --results is expected") }
        guard !skipExisting || save != nil else { throw ValidationError("--skip-existing needs --save") }
        guard results != nil else { return }
        let given = [
            ("--save", save != nil), ("--model", model.model != nil), ("--classifier", model.classifier != nil),
            ("--exit", exits.exit != "adaptive"), ("--tau", exits.tau != nil), ("--exit-table", exits.exitTable != nil),
            ("--mode", exits.encoding.mode != .tile), ("--blend", exits.blend != .edgeSafe),
        ].filter(\.1).map(\.0)
        guard given.isEmpty else {
            throw ValidationError("--results and \(given.joined(separator: ", ")) exclude each other: nothing is restored")
        }
    }

    func run() throws {
        try OutputCheck.files([("--json", pairOptions.json), ("--markdown", markdown), ("--csv", csv)])
        if let save { try OutputCheck.folder(save, "--save") }
        let scoring: ScoreProtocol = align ? .aligned : .plain
        let outcome =
            try results.map { try FinishedEvaluation(self, results: $0, scoring: scoring).run() }
            ?? ModelEvaluation(self, scoring: scoring).run()
        for note in outcome.report.notes { Console.note(note + "\n") }
        try write(outcome.report)
        if outcome.failures > 0 { throw ExitCode(1) }
    }

    private func write(_ report: EvaluationReport) throws {
        let tables = [report.summary, report.spreadTable].filter { !$0.isEmpty }.joined(separator: "\n")
        if let markdown { try FileOutput(markdown).write("\(tables)\n\(report.details)") }
        if let csv { try FileOutput(csv).write(report.csv) }
        try pairOptions.write(report)
        // Standard output holds what was asked to go there, and nothing else.
        guard ![markdown, csv, pairOptions.json].contains(where: { $0?.isDash == true }) else { return }
        try Console.output(tables)
    }

    /// The data set in tables.
    var dataSet: String {
        name.map { FilePath(bytes: ArgumentText.bytes(of: $0)).description }
            ?? Self.dataSet((blur ?? results).map { $0.resolved ?? $0 } ?? pairOptions.sharp)
    }

    /// The folder's name, with its parent's where it is one that every data set has.
    private static func dataSet(_ folder: FilePath) -> String {
        let path = folder.components.map { FilePath(bytes: $0).description }
        let isCommon = path.last.map { ["test", "train", "val", "blur", "input"].contains($0.lowercased()) } ?? false
        return path.suffix(isCommon ? 2 : 1).joined(separator: "/")
    }
}
