import Evaluation
import Files

/// A report and how many pairs are not in it.
struct EvaluationOutcome {
    var report: EvaluationReport
    var failures = 0

    /// Adds one pair after the other.
    ///
    /// - Throws: ``CommandFailure`` for the first pair that fails; with `keepGoing` it is named and left out.
    mutating func add<Pair>(
        _ pairs: [Pair], keepGoing: Bool, line: ProgressLine?, name: (Pair) -> String,
        score: (Pair) throws -> EvaluationRecord
    ) throws {
        defer { line?.clear() }
        for pair in pairs {
            line?.start(name(pair))
            do {
                report.images.append(try score(pair))
            } catch {
                line?.clear()
                let failure = CommandFailure(name(pair), error)
                guard keepGoing else { throw failure }
                failures += 1
                Console.note("deblur: \(failure)\n")
            }
        }
    }
}
