import Foundation
import Kernels
import Network
import TestSupport
import Testing

/// One tile against the authors' own network: `../shared/goldens/README.md` says what was computed and how far a float32
/// engine may be off.
@Suite(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
struct GoldenTileTests {
    @Test(arguments: KernelSet.all.map(\.name))
    func everyStageOfOneTile(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        let network = try AdaRevD(weights: Goldens.file("nafnet_w8_k2/weights.pth"), kernels: kernels)
        let picture = try Picture(png: Goldens.file("nafnet_w8_k2/input.png"))
        let run = RecordedTile(network, picture)
        let golden = try NumPyArchive(contentsOf: Goldens.file("nafnet_w8_k2/activations.npz"))

        /// A map within 2e-4 of the golden one's standard deviation.
        func check(_ map: [Float], _ key: String) throws {
            let expected = try golden[key]
            let error = maxAbsoluteDifference(planar(map, channels: expected.shape[0]), expected.floats)
            let limit = 2e-4 * standardDeviation(expected.floats)
            #expect(error <= limit, "\(key): \(error) > \(limit)")
        }
        for scale in 0...4 { try check(run.encoder[scale], "encoder_e\(scale)") }
        for depth in 1...2 {
            for scale in 0..<4 { try check(run.decoded[depth - 1][scale], "d\(scale + 1)_\(depth)") }
            try check(zip(run.residuals[depth - 1], picture.pixels).map(+), "restored_\(depth)")
        }
        #expect(maxAbsoluteDifference(run.logits, try golden["logits"].floats) <= 1e-3)

        let expected = try NumPyArray(contentsOf: Goldens.file("nafnet_w8_k2/expected.npy"))
        let residual = difference(expected.floats, planar(picture.pixels, channels: 3))
        let error = maxAbsoluteDifference(planar(run.residuals[1], channels: 3), residual)
        let room = try Float32Room.of(Goldens.file("nafnet_w8_k2"))
        #expect(error <= room, "output \(error / standardDeviation(residual))·s")
    }

    @Test(arguments: [
        "legacy_bare_f16.pth", "legacy_params_f32.pth", "plain_bf16.safetensors", "plain_f32.safetensors",
        "zip_params_and_ema_f16.pth", "zip_params_f32.pth", "zip_state_dict_module_bf16.pth",
    ])
    func everyContainer(file: String) throws {
        let network = try AdaRevD(
            weights: Goldens.file("formats/\(file)"), entry: file.contains("ema") ? .averagedParams : nil)
        let picture = try Picture(png: Goldens.file("formats/input.png"))
        let run = RecordedTile(network, picture)
        let expected = try NumPyArray(contentsOf: Goldens.file("formats/expected.npy"))
        let residual = difference(expected.floats, planar(picture.pixels, channels: 3))
        let error = maxAbsoluteDifference(planar(run.residuals[0], channels: 3), residual)
        let room = try Float32Room.of(Goldens.file("formats"))
        #expect(error <= room, "output \(error / standardDeviation(residual))·s")
    }
}
