import ArgumentParser
import Evaluation
import Files
import Tiles

/// Restores the blurred pictures with a model and scores the results.
struct ModelEvaluation {
    private let command: EvalCommand
    private let pairs: [ImagePair]
    private let scoring: ScoreProtocol

    init(_ command: EvalCommand, scoring: ScoreProtocol) throws {
        self.command = command
        self.scoring = scoring
        pairs = try command.blur.map { try command.pairOptions.pairs(blur: $0, allowSame: command.allowSame) } ?? []
        for pair in pairs {
            guard let saved = try saved(pair)?.status()?.identity else { continue }
            for side in [pair.blur, pair.sharp] where try side.status()?.identity == saved {
                throw ValidationError("--save: \(side) would be overwritten")
            }
        }
    }

    func run() throws -> EvaluationOutcome {
        let served = try command.model.load(precision: command.threads.precision)
        let options = try command.exits.restoration(served)
        let scheduler = served.scheduler(threads: command.threads.count)
        defer { scheduler.stop() }
        let evaluator = Evaluator(
            scheduler: scheduler, options: options, scoring: scoring, limits: ImageRestorer.limits)
        let scorer = ResultScorer(scoring: scoring, limits: ImageRestorer.limits)
        var outcome = EvaluationOutcome(
            report: EvaluationReport(
                dataSet: command.dataSet, model: served.reference, scoring: scoring, subDecoders: served.subDecoders))
        let line = command.pairOptions.progress(
            totalTiles: pairs.reduce(0) { $0 + (earlier($1) == nil ? evaluator.tiles(of: $1) : 0) })
        try outcome.add(pairs, keepGoing: command.keepGoing, line: line, name: \.name) { pair in
            if let earlier = earlier(pair) {
                return try scorer.score(earlier, named: pair.name, against: pair.sharp, blur: pair.blur)
            }
            return try evaluator.run(pair, saving: saved(pair)) { _ in line?.advance() }
        }
        return outcome
    }

    private func saved(_ pair: ImagePair) -> FilePath? {
        command.save.map { $0.appending(FilePath(bytes: pair.key.bytes + Array(".png".utf8))) }
    }

    /// The result of an earlier run that is to be used.
    private func earlier(_ pair: ImagePair) -> FilePath? {
        saved(pair).flatMap { command.skipExisting && $0.kind == .file ? $0 : nil }
    }
}
