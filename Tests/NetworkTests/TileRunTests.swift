import Kernels
import Network
import Testing

/// The order of a tile's steps, whatever the network is.
struct TileRunTests {
    /// Notes what it is asked for.
    private final class Steps: TileSteps {
        var calls: [String] = []
        /// By the sub-decoder after which it is asked; nil without a regressor.
        var gains: [Float]?

        func encode(_ tile: TileInput, classify: Bool) -> TileAssessment {
            calls.append(classify ? "encode \(tile.index), classify" : "encode \(tile.index)")
            return classify ? TileAssessment(degradationClass: 1, logits: [0, 1]) : TileAssessment()
        }

        func advance(to subDecoder: Int) { calls.append("advance \(subDecoder)") }

        func predictedGain(after subDecoder: Int) -> Float? {
            guard let gains else { return nil }
            calls.append("gain \(subDecoder)")
            return gains[subDecoder - 1]
        }

        func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>) {
            calls.append("head \(subDecoder)")
            residual[0] = Float(subDecoder)
        }
    }

    private let steps = Steps()
    private let run: TileRun
    private let pixels = AlignedFloats(count: 16 * 16 * 3)
    private let residual = AlignedFloats(count: 16 * 16 * 3)

    init() { run = TileRun(steps, subDecoders: 3) }

    private func begin(_ goal: TileRun.Goal, index: Int = 0, classify: Bool? = nil) {
        steps.calls = []
        run.begin(TileInput(.pixels(pixels.constant), height: 16, width: 16, index: index), goal, classify: classify)
    }

    /// To the end, or until a step is next.
    private func calls(_ goal: TileRun.Goal, classify: Bool? = nil, until end: TileRun.Step? = nil) -> [String] {
        begin(goal, classify: classify)
        while let step = run.next(), step != end {
            #expect(run.next() == step, "asking changes nothing")
            run.perform(step, residual: residual.pointer)
        }
        return steps.calls
    }

    @Test func nothingIsNextBeforeThereIsATile() {
        #expect(run.next() == nil)
    }

    @Test func fixedExitsAskNobody() {
        #expect(calls(.exit(.fixed(2), limit: 3)) == ["encode 0", "advance 1", "advance 2", "head 2"])
        #expect(run.depth == 2 && !run.isCutShort && run.assessment == TileAssessment() && residual.pointer[0] == 2)
        #expect(calls(.exit(.fixed(1), limit: 3), classify: true).first == "encode 0, classify")
        #expect(run.assessment.degradationClass == 1)
    }

    @Test func tablesGoByTheClass() {
        #expect(calls(.exit(.table([3, 1]), limit: 3)) == ["encode 0, classify", "advance 1", "head 1"])
        #expect(calls(.exit(.table([3, 0]), limit: 3)) == ["encode 0, classify"], "no head: the tile stays as it came")
        #expect(run.depth == 0 && !run.isCutShort)
        // A class that the table has not runs all.
        #expect(calls(.exit(.table([0]), limit: 3)).last == "head 3")
    }

    @Test func regressorsAreAskedOncePerDepth() {
        steps.gains = [0.5, 0.1]
        let exits = ExitPolicy.regressor(thresholds: [0.2, 0.2])
        #expect(
            calls(.exit(exits, limit: 3))
                == ["encode 0, classify", "advance 1", "gain 1", "advance 2", "gain 2", "head 2"])
        // The limit comes first: whether it cut the tile short is asked then.
        #expect(calls(.exit(exits, limit: 1)) == ["encode 0, classify", "advance 1", "gain 1", "head 1"])
        #expect(run.isCutShort)
        steps.gains = nil
        #expect(calls(.exit(exits, limit: 3)).last == "head 3", "without a regressor all run")
    }

    @Test func limitsCutShort() {
        #expect(calls(.exit(.fixed(3), limit: 1)).last == "head 1")
        #expect(run.isCutShort)
        _ = calls(.exit(.fixed(1), limit: 1))
        #expect(!run.isCutShort, "it would have left there anyway")
        _ = calls(.exit(.fixed(3), limit: 3))
        #expect(!run.isCutShort)
        #expect(calls(.exit(.fixed(3), limit: 0)) == ["encode 0"])
        #expect(run.isCutShort && run.depth == 0)
    }

    @Test func otherGoals() {
        #expect(calls(.assessment) == ["encode 0, classify"])
        #expect(run.assessment.logits == [0, 1])
        let two = ["encode 0, classify", "advance 1", "head 1", "advance 2", "head 2"]
        #expect(calls(.everyExit(upTo: 2)) == two)
        #expect(calls(.everyExit(upTo: 0)) == ["encode 0, classify"])
        #expect(calls(.everyExit(upTo: 1), classify: false).first == "encode 0")
    }

    /// Left anywhere, the next tile starts afresh.
    @Test func abandonedTilesLeaveNoTrace() {
        let whole = calls(.exit(.fixed(2), limit: 3))
        for step in [TileRun.Step.encoder, .subDecoder(1), .subDecoder(2), .head(2)] {
            _ = calls(.exit(.fixed(2), limit: 3), until: step)
            #expect(calls(.exit(.fixed(2), limit: 3)) == whole)
        }
    }

    @Test func residualsOfEveryExit() {
        let answer = run.residuals(of: [Float](repeating: 0.5, count: 16 * 16 * 3), height: 16, width: 16)
        #expect(answer.residuals.map { $0[0] } == [1, 2, 3] && answer.assessment.degradationClass == 1)
    }

    @Test func exitsByAssessment() {
        let hard = TileAssessment(degradationClass: 0), unknown = TileAssessment()
        #expect(ExitPolicy.table([3, 1]).exit(for: hard, subDecoders: 4) == 3)
        #expect(ExitPolicy.table([3, 1]).exit(for: unknown, subDecoders: 4) == 4)
        #expect(ExitPolicy.fixed(2).exit(for: unknown, subDecoders: 4) == 2)
        #expect(ExitPolicy.regressor(thresholds: [0.1]).exit(for: hard, subDecoders: 2) == nil)
    }
}
