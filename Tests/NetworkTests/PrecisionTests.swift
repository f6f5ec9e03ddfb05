import Kernels
import Network
import TestSupport
import Testing

/// What rounding the operands to bfloat16 does to the golden tile: figures, and that it stays what it is.
@Suite(.enabled(if: Goldens.available && KernelSet.bfloat16 != nil, "needs the golden vectors and a CPU with bfloat16"))
struct PrecisionTests {
    @Test func bfloat16StaysNearTheGoldenTile() throws {
        let kernels = try #require(KernelSet.bfloat16)
        let network = try AdaRevD(weights: Goldens.file("nafnet_w8_k2/weights.pth"), kernels: kernels)
        let picture = try Picture(png: Goldens.file("nafnet_w8_k2/input.png"))
        let run = RecordedTile(network, picture)
        let expected = try NumPyArray(contentsOf: Goldens.file("nafnet_w8_k2/expected.npy"))
        let residual = difference(expected.floats, planar(picture.pixels, channels: 3))
        let s = standardDeviation(residual), error = difference(planar(run.residuals[1], channels: 3), residual)
        print("bf16 on nafnet_w8_k2: max \(error.map(abs).max()! / s)·s, rms \(standardDeviation(error) / s)·s")
        // Rounded indeed, and by no more than eight bits' worth through some fifty layers.
        #expect(standardDeviation(error) > 1e-4 * s)
        #expect(standardDeviation(error) < 0.05 * s)
        #expect(run.degradationClass == 0)
    }
}
