import Evaluation
import Files

/// Scores pictures that are restored already.
struct FinishedEvaluation {
    private let command: EvalCommand
    private let scoring: ScoreProtocol
    /// Of results and sharp pictures.
    private let pairs: [ImagePair]
    private let blurred: [FilePath: FilePath]

    /// Results are found as blurred pictures are: `deblur image` and `deblur eval --save` keep their names.
    init(_ command: EvalCommand, results: FilePath, scoring: ScoreProtocol) throws {
        self.command = command
        self.scoring = scoring
        pairs = try command.pairOptions.pairs(blur: results, allowSame: command.allowSame)
        guard let blur = command.blur else {
            blurred = [:]
            return
        }
        let sources = try ImagePair.find(blur: blur, sharp: command.pairOptions.sharp)
        // Two files are a pair, whatever they are called.
        blurred =
            results.kind != .folder && blur.kind != .folder
            ? [pairs[0].key: sources[0].blur]
            : Dictionary(sources.map { ($0.key, $0.blur) }) { first, _ in first }
        let missing = pairs.filter { blurred[$0.key] == nil }.map(\.name)
        guard missing.isEmpty else { throw EvaluationError.noBlurred(names: missing, total: pairs.count) }
    }

    func run() throws -> EvaluationOutcome {
        let scorer = ResultScorer(scoring: scoring, limits: ImageRestorer.limits)
        var outcome = EvaluationOutcome(
            report: EvaluationReport(dataSet: command.dataSet, model: nil, scoring: scoring, subDecoders: nil))
        let line = command.pairOptions.progress(totalTiles: pairs.count, unit: "pictures")
        try outcome.add(pairs, keepGoing: command.keepGoing, line: line, name: \.name) { pair in
            defer { line?.advance() }
            return try scorer.score(pair.blur, named: pair.name, against: pair.sharp, blur: blurred[pair.key])
        }
        return outcome
    }
}
