import ArgumentParser
import Foundation
import Images
import Network
import Service
import Tiles

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Deblurs one file, or many files and folder trees into a folder.",
        usage: "deblur image [options] <input> ... <output>",
        discussion: "OUTPUT's extension chooses the format: .jpg, .png, or .npy = the unclamped float32 result, shape "
            + "(height, width, 3), RGB, 0…1. Into a folder every file keeps its name.")

    enum Metadata: String, ExpressibleByArgument, CaseIterable { case keep, strip }

    @Argument(help: ArgumentHelp("Files and folders to deblur, then where the results go.", valueName: "path"))
    var paths: [String]
    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var exits: ExitOptions
    @Option(help: ArgumentHelp("0…1: how much of the correction is applied.", valueName: "share"))
    var strength: Float = 1
    @Option(help: "JPEG quality, 1…100 (default: the input's, at least 92).")
    var quality: Int?
    @Option(help: "EXIF and the like: keep or strip. The ICC profile stays.")
    var metadata = Metadata.keep
    @Option(help: ArgumentHelp("Write tiles, classes, exits and milliseconds as JSON.", valueName: "file"))
    var report: String?
    @Option(
        help: ArgumentHelp("Also write each sub-decoder's output and change, and the exits, as PNG.", valueName: "folder"))
    var dumpStages: String?
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
    }

    func run() throws {
        let batch = try ImageBatch(inputs: paths.dropLast(), output: paths[paths.count - 1])
        let served = try model.load(precision: threads.precision)
        let options = try exits.restoration(served, strength: strength)
        let scheduler = TileScheduler(
            network: served.network, configuration: .init(threads: threads.count, tile: served.tile))
        defer { scheduler.stop() }
        let restorer = ImageRestorer(
            scheduler: scheduler, options: options, quality: quality, metadata: metadata == .keep ? .keep : .strip,
            stages: dumpStages.map { StageFolder(served, folder: URL(filePath: $0), threads: threads.count) })

        var outcome = ImageReport(model: served.reference, kernels: served.kernels, threads: threads.count)
        let began = ContinuousClock.now
        let isComplete = run(batch, restorer, &outcome)
        if let report { try outcome.write(to: report) }
        if !quiet, batch.items.count != 1 { summarise(outcome, seconds: (.now - began) / .seconds(1)) }
        if !isComplete { throw ExitCode(1) }
    }

    /// False when an input failed.
    private func run(_ batch: ImageBatch, _ restorer: ImageRestorer, _ outcome: inout ImageReport) -> Bool {
        let exists = { FileManager.default.fileExists(atPath: $0) }
        let skipped = skipExisting ? Set(batch.items.map(\.output.path).filter(exists)) : []
        let due = batch.items.filter { !skipped.contains($0.output.path) }
        let line = quiet ? nil : ProgressLine(totalTiles: due.reduce(0) { $0 + (restorer.tiles(of: $1.input) ?? 0) })
        defer { line?.clear() }
        var isComplete = true
        for item in batch.items {
            var entry = ImageReport.File(input: item.input.path, output: item.output.path, status: .skipped)
            if !skipped.contains(item.output.path) {
                line?.start(item.name)
                do {
                    entry = try restorer.run(item) { _ in line?.advance() }
                } catch {
                    isComplete = false
                    entry.status = .failed
                    entry.error = Self.reason(error)
                    line?.clear()
                    FileHandle.standardError.write(Data("deblur: \(item.name): \(Self.reason(error))\n".utf8))
                }
            }
            outcome.files.append(entry)
            if !isComplete, !keepGoing { break }
        }
        return isComplete
    }

    private func summarise(_ outcome: ImageReport, seconds: Double) {
        let counts = Dictionary(grouping: outcome.files, by: \.status).mapValues(\.count)
        let text = "\(counts[.done] ?? 0) done, \(counts[.skipped] ?? 0) skipped, \(counts[.failed] ?? 0) failed"
        FileHandle.standardError.write(Data("\(text) in \(String(format: "%.1f", seconds)) s\n".utf8))
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as ImageError: error.description
        case let error as TilesError: error.description
        case let error as CocoaError where error.code == .fileReadNoSuchFile: "there is no such file"
        default: error.localizedDescription
        }
    }
}
