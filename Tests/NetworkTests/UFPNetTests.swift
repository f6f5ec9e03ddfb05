import Checkpoints
import Foundation
import Kernels
import Network
import TestSupport
import Testing

/// The kernel branch and the encoder around it: a tile against the authors' network, and one against our own PyTorch
/// network, which needs no goldens.
struct UFPNetTests {
    @Test(
        .enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"),
        arguments: KernelSet.all.map(\.name))
    func goldenTile(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        let reference = try ReferenceCase(folder: Goldens.file("ufpnet_w8_k2"))
        let network = try AdaRevD(weights: reference.file("weights.pth"), kernels: kernels)
        let golden = try NumPyArchive(contentsOf: reference.file("activations.npz"))
        try Self.check(
            network, Picture(png: reference.file("input.png")), points: try #require(reference.configuration.points),
            expected: NumPyArray(contentsOf: reference.file("expected.npy")).floats, room: Float32Room.of(reference.folder),
            meanOverPixels: golden["kernel_mean_over_pixels"]
        ) { try golden[$0] }
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func fixtureTile(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        let reference = try ReferenceCase(fixture: "ufpnet_tile")
        let network = try Self.fixture(kernels: kernels)
        let input = try NumPyArray(contentsOf: reference.file("input.npy"))
        let picture = Picture(
            height: input.shape[1], width: input.shape[2], pixels: interleaved(input.floats, channels: 3))
        try Self.check(
            network, picture, points: try #require(reference.configuration.points),
            expected: NumPyArray(contentsOf: reference.file("expected_edge_safe.npy")).floats, room: Float32Room.of(reference.folder),
            meanOverPixels: nil
        ) { try NumPyArray(contentsOf: reference.file("activations/\($0).npy")) }
    }

    static func fixture(
        kernels: KernelSet = .best, change: (RecipeParameters) -> [Float]? = { $0.values }
    ) throws -> AdaRevD {
        let url = try ReferenceCase(fixture: "ufpnet_tile").file("parameters.json")
        return try AdaRevD(
            archive: RecipeParameters.archive(contentsOf: url, change: change),
            configuration: ModelConfiguration(name: "ufpnet_tile"), kernels: kernels)
    }

    private static func check(
        _ network: AdaRevD, _ picture: Picture, points: [[Int]], expected: [Float], room: Float,
        meanOverPixels: NumPyArray?, golden: (String) throws -> NumPyArray
    ) throws {
        let record = BlurRecord(pixels: picture.height * picture.width, order: network.blurOrder)
        let run = RecordedTile(network, picture) { record.note($0, first: $1, pixels: $2, $3) }
        func check(_ map: [Float], against expected: NumPyArray, channels: Int, _ key: String) {
            let error = maxAbsoluteDifference(planar(map, channels: channels), expected.floats)
            let limit = 2e-4 * standardDeviation(expected.floats)
            #expect(error <= limit, "\(key): \(error) > \(limit)")
        }
        let kernels = record.all
        for (key, path) in [("softmax", \BlurRecord.Values.softmax), ("kernel", \.kernel)] {
            check(
                kernels.at(points, width: picture.width, of: path), against: try golden("\(key)_at_points"), channels: 1,
                key)
        }
        let codes = kernels.at(points, width: picture.width, of: \.code)
        let codeError = maxAbsoluteDifference(codes, try golden("code_at_points").floats)
        #expect(codeError <= 1e-4, "code: \(codeError)")
        check(kernels.sigma, against: try golden("sigma"), channels: 1, "sigma")
        check(kernels.meanOverChannels, against: try golden("kernel_mean_over_channels"), channels: 1, "mean of κ")
        if let meanOverPixels {
            check(kernels.meanOverPixels, against: meanOverPixels, channels: 1, "mean of κ over pixels")
        }
        for level in 1...2 {
            check(
                run.blurMeans[level - 1], against: try golden("kernel_level\(level)_mean_over_channels"), channels: 1,
                "mean of κ\(level)")
        }
        for scale in 0...4 {
            let expected = try golden("encoder_e\(scale)")
            check(run.encoder[scale], against: expected, channels: expected.shape[0], "e\(scale)")
        }
        for depth in 1...2 {
            for scale in 0..<4 {
                let expected = try golden("d\(scale + 1)_\(depth)")
                check(run.decoded[depth - 1][scale], against: expected, channels: expected.shape[0], "d\(scale + 1)_\(depth)")
            }
            check(
                zip(run.residuals[depth - 1], picture.pixels).map(+), against: try golden("restored_\(depth)"),
                channels: 3, "restored_\(depth)")
        }
        #expect(maxAbsoluteDifference(run.logits, try golden("logits").floats) <= 1e-3)
        let residual = difference(expected, planar(picture.pixels, channels: 3))
        let error = maxAbsoluteDifference(planar(run.residuals[1], channels: 3), residual)
        let s = standardDeviation(residual)
        #expect(error <= room, "output \(error / s)·s")
        print("\(network.kernels.name) UFPNet: output \(error / s)·s, code \(codeError)")
    }
}
