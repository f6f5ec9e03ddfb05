import Foundation
import Images
import Network
import TestSupport
import Testing
import Tiles

/// Whole images through the real network, tile by tile, against the authors' own results; `goldens/README.md` says what
/// was computed and how far a float32 engine may be off.
@Suite(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
struct GoldenImageTests {
    private struct Tiles: Decodable {
        struct Tile: Decodable {
            var y: Int
            var x: Int
            var logits: [Float]?
            var increments: [Float]?
            var `class`: Int?
            var exit: Int
        }
        var tiles: [Tile]
    }

    /// Six tiles, four exits, three columns over each other; weights stored as float16, a classifier of its own.
    @Test(arguments: [1, 3])
    func adaptiveExits(_ threads: Int) throws {
        let folder = "nafnet_w8_k4_adaptive"
        let network = try AdaRevD(
            contentsOf: Goldens.file("\(folder)/weights.pth"), classifier: Goldens.file("\(folder)/classifier.pth"))
        try check(
            folder, "expected.npy", stride: 3, network, .init(exit: .table([4, 4, 3, 3, 2, 1]), blend: .authors), threads)
    }

    /// Smaller than a tile, sides not multiples of 16, both ways to weight a lone tile.
    @Test(arguments: [(BlendStyle.authors, "expected.npy"), (.edgeSafe, "expected_edge_safe.npy")])
    func smallImage(_ blend: BlendStyle, _ expected: String) throws {
        let network = try AdaRevD(contentsOf: Goldens.file("nafnet_w8_k2/weights.pth"))
        try check("small_image", expected, network, .init(exit: .table([2, 2, 2, 2, 2, 2]), blend: blend), 2)
    }

    /// One row of three tiles; a regressor decides after each sub-decoder.
    @Test func regressorExits() throws {
        let folder = "regressor_w8_k4"
        // What the file's tensors cannot tell stands in a side file.
        let directory = FileManager.default.temporaryDirectory.appending(path: "tiles-golden-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let weights = directory.appending(path: "weights.pth")
        try FileManager.default.copyItem(at: Goldens.file("nafnet_w8_k4_adaptive/weights.pth"), to: weights)
        try Data(#"{"classifier": {"dx": "fd4"}}"#.utf8).write(to: directory.appending(path: "weights.pth.json"))
        let network = try AdaRevD(
            contentsOf: weights, classifier: Goldens.file("\(folder)/classifier_single_fd4.pth"))
        let policy = try network.policy(.adaptive, tau: -0.5238000154495239)
        try check(folder, "expected.npy", network, .init(exit: policy, blend: .authors), 2)
    }

    /// - Parameter stride: the golden file holds every `stride`-th row and column.
    private func check(
        _ folder: String, _ file: String, stride: Int = 1, _ network: AdaRevD, _ options: RestorationOptions,
        _ threads: Int
    ) throws {
        let raster = try Image.decode([UInt8](Data(contentsOf: Goldens.file("\(folder)/input.png")))).raster
        let image = FloatImage(width: raster.width, height: raster.height)
        raster.readRGB(
            x: 0, y: 0, width: raster.width, height: raster.height, into: image.pixels.baseAddress!, rowStride: nil)
        let scheduler = TileScheduler(network: network, configuration: .init(threads: threads))
        defer { scheduler.stop() }
        let result = FloatImage(width: image.width, height: image.height)
        let report = try scheduler.restore(source: image, sink: result, options: options)

        let data = try Data(contentsOf: Goldens.file("\(folder)/tiles.json"))
        let tiles = try JSONDecoder().decode(Tiles.self, from: data).tiles
        #expect(report.tiles.map(\.exit) == tiles.map(\.exit))
        #expect(report.tiles.map(\.rectangle.x) == tiles.map(\.x))
        #expect(report.tiles.map(\.rectangle.y) == tiles.map(\.y))
        #expect(report.anomalies == 0)
        for (tile, expected) in zip(report.tiles, tiles) {
            if let logits = expected.logits { #expect(maxAbsoluteDifference(tile.logits, logits) <= 1e-3) }
            #expect(tile.degradationClass == expected.class)
        }

        let expected = try NumPyArray(contentsOf: Goldens.file("\(folder)/\(file)"))
        var residual: [Float] = []
        var expectedResidual: [Float] = []
        var index = 0
        for channel in 0..<3 {
            for y in Swift.stride(from: 0, to: image.height, by: stride) {
                for x in Swift.stride(from: 0, to: image.width, by: stride) {
                    residual.append(result[y, x, channel] - image[y, x, channel])
                    expectedResidual.append(expected.floats[index] - image[y, x, channel])
                    index += 1
                }
            }
        }
        #expect(index == expected.floats.count)
        let deviation = standardDeviation(expectedResidual)
        let error = maxAbsoluteDifference(residual, expectedResidual) / deviation
        // 2e-4 is allowed to any float32 engine; direct float32 is expected to stay below 2e-5.
        #expect(error <= 2e-5, "\(folder)/\(file): \(error)·s")
    }
}
