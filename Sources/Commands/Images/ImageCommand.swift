import ArgumentParser
import Files
import Foundation
import Images
import Network
import Tiles

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Deblurs one file, or many files and folder trees into a folder.",
        usage: "deblur image [options] <input> ... <output>",
        discussion: """
            OUTPUT's extension chooses the format: .jpg, .png, or .npy = the unclamped float32 result, shape (height, \
            width, 3), RGB, 0…1. Into a folder every file keeps its name; where that does not tell the format, the result \
            has the input's. - reads standard input and writes standard output.

            OUTPUT is a folder where it is one or ends with /, where several inputs or a folder go to it, or where it is \
            new and has no extension. What is hidden or no picture in a folder is left out and counted.
            """)

    enum Metadata: String, ExpressibleByArgument, CaseIterable { case keep, strip }

    @Argument(help: ArgumentHelp("Files and folders to deblur, then where the results go.", valueName: "path"))
    var paths: [FilePath]
    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var exits: ExitOptions
    @Option(help: ArgumentHelp("0…1: how much of the correction is applied.", valueName: "share"))
    var strength: Float = 1
    @Option(help: "Format of the results (default: as the output's name says, else as the input).")
    var format: OutputFormat?
    @Option(help: "JPEG quality, 1…100 (default: the input's, at least 92).")
    var quality: Int?
    @Option(help: "EXIF and the like: keep or strip. The ICC profile stays.")
    var metadata = Metadata.keep
    @Option(
        help: ArgumentHelp("Write tiles, classes, exits and milliseconds as JSON; - is standard output.", valueName: "file"))
    var report: FilePath?
    @Option(
        help: ArgumentHelp("Also write each sub-decoder's output and change, and the exits, as PNG.", valueName: "folder"))
    var dumpStages: FilePath?
    @Option(
        help: ArgumentHelp(
            "Only part I (from 0) of N disjoint parts of the inputs, the same in every run; auto/N takes I from "
                + "JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID.", valueName: "i/n"))
    var shard: String?
    @Flag(help: "Leave out inputs whose result is there.")
    var skipExisting = false
    @Flag(help: "Go on after an input that failed.")
    var keepGoing = false
    @Flag(help: "No progress bar and no summary.")
    var quiet = false

    func validate() throws {
        guard paths.count >= 2 else { throw ValidationError("an input and an output are expected") }
        guard (0...1).contains(strength) else { throw ValidationError("--strength: 0 to 1 is expected") }
        if let quality, !(1...100).contains(quality) { throw ValidationError("--quality: 1 to 100 is expected") }
        guard paths.dropLast().count(where: \.isDash) <= 1 else {
            throw ValidationError("standard input can be read once, - is given twice")
        }
    }

    /// Everything that can be wrong with the command line is found before anything is made: outputs, model, exits.
    func run() throws {
        let output = paths[paths.count - 1]
        let part = try shard.map { try Shard($0, environment: ProcessInfo.processInfo.environment) }
        let batch = try ImageBatch(inputs: paths.dropLast(), output: output, format: format, shard: part)
        try checkOutputs(batch)
        let served = try model.load(precision: threads.precision)
        let options = try exits.restoration(served, strength: strength)
        if let folder = batch.folder, folder.kind == nil {
            try folder.makeFolder()
            if !quiet { Console.note("made the folder \(folder)\n") }
        }

        let scheduler = served.scheduler(threads: threads.count)
        defer { scheduler.stop() }
        let restorer = ImageRestorer(
            scheduler: scheduler, options: options, quality: quality, metadata: metadata == .keep ? .keep : .strip,
            stages: dumpStages.map { StageFolder(served, folder: $0, threads: threads.count) })
        var outcome = ImageReport(
            model: served.reference, kernels: served.kernels, threads: threads.count,
            part: part.map { ImageReport.Part(index: $0.index, of: $0.count) })
        let began = ContinuousClock.now
        outcome.files = BatchRun(batch, restorer, skipExisting: skipExisting, keepGoing: keepGoing, quiet: quiet).run()
        outcome.finish(batch, seconds: (.now - began) / .seconds(1))
        if let report { try FileOutput(report).write(json: outcome) }
        if !quiet, let text = outcome.text(isBatch: batch.folder != nil) { Console.note(text + "\n") }
        if outcome.summary.failed > 0 { throw ExitCode(1) }
    }

    private func checkOutputs(_ batch: ImageBatch) throws {
        if let dumpStages { try OutputCheck.folder(dumpStages, "--dump-stages") }
        if let report {
            try OutputCheck.file(report, "--report")
            for item in batch.items {
                try OutputCheck.distinct([("the output", item.output.label), ("--report", report)])
                if case .file(let path) = item.input { try OutputCheck.distinct([("the input", path), ("--report", report)]) }
            }
        }
        // What a terminal has to give is no picture, and bytes of one are no use there.
        if batch.items.contains(where: { $0.input == .standardInput }), isatty(STDIN_FILENO) == 1 {
            throw ValidationError("standard input is a terminal: send a picture to it, or name a file")
        }
        if batch.items.contains(where: { $0.output == .standardOutput }), isatty(STDOUT_FILENO) == 1 {
            throw ValidationError("standard output is a terminal: send it to a file or another program")
        }
    }
}
