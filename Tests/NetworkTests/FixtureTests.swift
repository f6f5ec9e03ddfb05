import Foundation
import Kernels
import Network
import TestSupport
import Testing

/// The network against our own PyTorch network, where the goldens are not at hand.
struct FixtureTests {
    @Test(arguments: KernelSet.all.map(\.name))
    func everyStageOfOneTile(kernels name: String) throws {
        let reference = try ReferenceCase(fixture: "nafnet_tile")
        let network = try AdaRevD(
            weights: reference.file("weights.safetensors"), kernels: try #require(KernelSet.named(name)))
        let input = try NumPyArray(contentsOf: reference.file("input.npy"))
        let picture = Picture(
            height: input.shape[1], width: input.shape[2], pixels: interleaved(input.floats, channels: 3))
        let run = RecordedTile(network, picture)

        func check(_ map: [Float], _ key: String) throws {
            let expected = try NumPyArray(contentsOf: reference.file("activations/\(key).npy"))
            let error = maxAbsoluteDifference(planar(map, channels: expected.shape[0]), expected.floats)
            let limit = 2e-4 * standardDeviation(expected.floats)
            #expect(error <= limit, "\(key): \(error) > \(limit)")
        }
        for scale in 0...4 { try check(run.encoder[scale], "encoder_e\(scale)") }
        for depth in 1...3 {
            for scale in 0..<4 { try check(run.decoded[depth - 1][scale], "d\(scale + 1)_\(depth)") }
            try check(zip(run.residuals[depth - 1], picture.pixels).map(+), "restored_\(depth)")
        }
        let logits = try NumPyArray(contentsOf: reference.file("activations/logits.npy"))
        #expect(maxAbsoluteDifference(run.logits, logits.floats) <= 1e-3)
        #expect(run.degradationClass == logits.floats.indices.max { logits.floats[$0] < logits.floats[$1] })
        let expected = try NumPyArray(contentsOf: reference.file("expected_edge_safe.npy"))
        let residual = difference(expected.floats, input.floats)
        let error = maxAbsoluteDifference(planar(run.residuals[2], channels: 3), residual)
        #expect(error <= (try Float32Room.of(reference.folder)), "output \(error / standardDeviation(residual))·s")
    }
}
