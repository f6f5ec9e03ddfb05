import ArgumentParser
import Evaluation
import Files
import Foundation

/// Which pictures are compared, and where the figures go.
struct PairOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The sharp ones; may be the same folder where it holds both.", valueName: "folder"))
    var sharp: FilePath
    @Option(help: ArgumentHelp("Only the first so many pairs.", valueName: "count"))
    var limit: Int?
    @Option(help: ArgumentHelp("Write all figures as JSON; - is standard output.", valueName: "file"))
    var json: FilePath?
    @Flag(help: "No progress bar.")
    var quiet = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: at least 1 is expected") }
    }

    /// Tiles of so many pictures; nil where no bar is wanted.
    func progress(totalTiles: @autoclosure () -> Int, unit: String = "tiles") -> ProgressLine? {
        quiet ? nil : ProgressLine(totalTiles: totalTiles(), unit: unit)
    }

    /// Writes the figures where `--json` says, if it says so.
    ///
    /// - Throws: `FileError`.
    func write(_ figures: some Encodable) throws {
        guard let json else { return }
        try FileOutput(json).write(json: figures)
    }

    /// - Parameter allowSame: whether both sides may be one file, which then is compared with itself.
    /// - Throws: ``EvaluationError``, `FileError`.
    func pairs(blur: FilePath, allowSame: Bool = false) throws -> [ImagePair] {
        let all = try ImagePair.find(blur: blur, sharp: sharp)
        let pairs = limit.map { Array(all.prefix($0)) } ?? all
        let same = allowSame ? [] : pairs.filter(\.isOneFile).map(\.name)
        guard same.isEmpty else { throw EvaluationError.onePicture(names: same, total: pairs.count) }
        return pairs
    }
}

extension ArgumentHelp {
    /// Of `--blur`.
    static let blurred = ArgumentHelp(
        "Blurred pictures: a folder, also of GoPro, HIDE or RealBlur, or a file.", valueName: "folder")
}
