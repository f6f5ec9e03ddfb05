import ArgumentParser
import Evaluation
import Foundation
import Service

/// Which pictures are compared, and where the figures go.
struct PairOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Blurred pictures: a folder, also of GoPro, HIDE or RealBlur, or a file.", valueName: "folder"))
    var blur: String
    @Option(help: ArgumentHelp("The sharp ones; may be the same folder where it holds both.", valueName: "folder"))
    var sharp: String
    @Option(help: ArgumentHelp("Only the first so many pairs.", valueName: "count"))
    var limit: Int?
    @Option(help: ArgumentHelp("Write all figures as JSON; - is standard output.", valueName: "file"))
    var json: String?
    @Flag(help: "No progress bar.")
    var quiet = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: at least 1 is expected") }
    }

    /// Tiles of so many pictures; nil where no bar is wanted.
    func progress(totalTiles: @autoclosure () -> Int) -> ProgressLine? {
        quiet ? nil : ProgressLine(totalTiles: totalTiles())
    }

    /// Writes the figures where `--json` says, if it says so.
    ///
    /// - Returns: whether they went to standard output, which then has to hold nothing else.
    func write(_ figures: some Encodable) throws -> Bool {
        guard let json else { return false }
        let bytes = JSON.encode(figures, pretty: true) + Data("\n".utf8)
        guard json == "-" else {
            try bytes.write(to: URL(filePath: json), options: .atomic)
            return false
        }
        FileHandle.standardOutput.write(bytes)
        return true
    }

    /// - Throws: ``EvaluationError``.
    func pairs() throws -> [ImagePair] {
        let pairs = try ImagePair.find(blur: URL(filePath: blur), sharp: URL(filePath: sharp))
        return limit.map { Array(pairs.prefix($0)) } ?? pairs
    }
}
