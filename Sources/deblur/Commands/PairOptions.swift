import ArgumentParser
import Evaluation
import Foundation

/// Which pictures are compared.
struct PairOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Blurred pictures: a folder, also of GoPro, HIDE or RealBlur, or a file.", valueName: "folder"))
    var blur: String
    @Option(help: ArgumentHelp("The sharp ones; may be the same folder where it holds both.", valueName: "folder"))
    var sharp: String
    @Option(help: ArgumentHelp("Only the first so many pairs.", valueName: "count"))
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: at least 1 is expected") }
    }

    /// - Throws: ``EvaluationError``.
    func pairs() throws -> [ImagePair] {
        let pairs = try ImagePair.find(blur: URL(filePath: blur), sharp: URL(filePath: sharp))
        return limit.map { Array(pairs.prefix($0)) } ?? pairs
    }
}
