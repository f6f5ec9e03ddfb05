import Checkpoints
import Kernels
import Network
import TestSupport
import Testing

/// Eq. 10 undoes Eq. 9.
struct ReversibilityTests {
    /// The first sub-decoder's inputs from the last one's outputs. What limits it is α: each step back divides the error
    /// of the maps by it, so that after K sub-decoders rounding has grown by up to α^−K per level (2⁴ at α = 0.5).
    @Test(arguments: KernelSet.all.map(\.name), [0.5, -0.6])
    func inputsOfTheFirstComeBackFromTheLast(kernels name: String, alpha: Double) throws {
        let kernels = try #require(KernelSet.named(name))
        let architecture = Architecture(
            encoder: .nafnet, width: 8, encoderBlocks: [1, 1, 1, 2], subDecoders: 4, exitHead: .none)
        let network = try AdaRevD(random: architecture, seed: 3, kernels: kernels) { name, value in
            name.contains(".alpha") ? Float(alpha) * (1 + 0.1 * value) : value
        }
        var random = SeededRandom(seed: 51)
        let team = ThreadTeam(threads: 2), steps = AdaRevDSteps(network, team: team)
        defer { team.stop() }
        steps.encode(Picture(height: 48, width: 64, pixels: random.floats(48 * 64 * 3, 0, 1)))
        let before = (0...4).map { steps.features(atScale: $0) }
        for depth in 1...4 { steps.advance(to: depth) }
        let after = (0..<4).map { steps.features(atScale: $0) }
        for depth in (1...4).reversed() { steps.retreat(from: depth) }
        for scale in 0...4 {
            let back = steps.features(atScale: scale)
            let error = maxAbsoluteDifference(back, before[scale]) / standardDeviation(before[scale])
            #expect(error < 1e-3, "scale \(scale): relative error \(error)")
            // A network that changes nothing would pass: make sure that the sub-decoders did something.
            if scale < 4 {
                #expect(maxAbsoluteDifference(after[scale], before[scale]) > standardDeviation(before[scale]) * 0.1)
            }
        }
    }
}
