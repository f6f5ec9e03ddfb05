import Kernels
import Network

/// Runs the known tile through a model, before the service calls itself ready and on demand.
///
/// With a stored answer the result has to agree with it. Without one it has to be finite, believable
/// and the same twice.
public struct SelfTest: Sendable {
    /// What came out.
    public struct Report: Codable, Sendable {
        public var passed: Bool
        /// Why it failed, or what it was compared with.
        public var detail: String
        public var seconds: Double
        /// Largest difference from the stored samples; nil without a stored answer.
        public var largestDifference: Double?

        enum CodingKeys: String, CodingKey {
            case passed, detail, seconds
            case largestDifference = "largest_difference"
        }
    }

    private let model: Model
    private let threads: Int

    public init(_ model: Model, threads: Int) {
        self.model = model
        self.threads = threads
    }

    /// Blocks for as long as the tile takes.
    public func run() -> Report {
        let clock = ContinuousClock()
        var verdict = (passed: false, detail: "", difference: Float?.none)
        let duration = clock.measure { verdict = judge() }
        return Report(
            passed: verdict.passed, detail: verdict.detail, seconds: duration / .seconds(1),
            largestDifference: verdict.difference.map(Double.init))
    }

    /// The answer of this machine, to be stored.
    public func answer() -> KnownAnswer {
        let answer = compute()
        return KnownAnswer(
            digest: model.summary.digest, logits: answer.logits, residuals: answer.residuals.map(KnownTile.sample))
    }

    private func judge() -> (Bool, String, Float?) {
        if let known = model.knownAnswer, known.digest != model.summary.digest {
            return (
                false, "the stored answer belongs to another model file; make a new one with deblur selftest --write",
                nil
            )
        }
        let answer = compute()
        for (index, residual) in answer.residuals.enumerated() {
            guard residual.allSatisfy({ $0.isFinite && abs($0) < 16 }) else {
                return (false, "exit \(index + 1) gives values that are not finite or beyond belief", nil)
            }
        }
        guard let known = model.knownAnswer else {
            let again = compute()
            guard again.residuals == answer.residuals, again.logits == answer.logits else {
                return (false, "the same tile gave two different answers", nil)
            }
            return (true, "no stored answer: finite and the same twice", nil)
        }
        return compare(answer, with: known)
    }

    private func compare(_ answer: (logits: [Float], residuals: [[Float]]), with known: KnownAnswer)
        -> (Bool, String, Float?)
    {
        let samples = answer.residuals.map(KnownTile.sample)
        guard samples.map(\.count) == known.residuals.map(\.count), answer.logits.count == known.logits.count else {
            return (false, "the stored answer has another number of exits, samples or classes", nil)
        }
        let difference = zip(samples, known.residuals).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 0
        let tolerance = KnownAnswer.tolerance(precision: model.summary.precision)
        guard difference <= tolerance else {
            return (false, "off the stored answer by \(difference), allowed \(tolerance)", difference)
        }
        let scale = max(1, known.logits.map(abs).max() ?? 1)
        let logits = zip(answer.logits, known.logits).map { abs($0 - $1) / scale }.max() ?? 0
        guard logits <= KnownAnswer.logitTolerance else {
            return (false, "the classifier is off the stored answer by \(logits)", difference)
        }
        return (true, "as the stored answer, within \(difference)", difference)
    }

    private func compute() -> (logits: [Float], residuals: [[Float]]) {
        let team = ThreadTeam(threads: threads)
        defer { team.stop() }
        return KnownTile.answer(of: model.network, team: team)
    }
}
