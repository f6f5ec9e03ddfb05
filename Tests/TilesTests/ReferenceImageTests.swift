import Checkpoints
import Foundation
import Images
import Kernels
import Network
import TestSupport
import Testing
import Tiles

/// Whole images, tiled, restored and blended, against known answers.
struct ReferenceImageTests {
    /// Tiling per tile (mode B) and exits by class, in our own fixtures: both blend styles.
    @Test(arguments: ["nafnet_tiles_64", "nafnet_tiles_384", "regressor_single_fd4", "regressor_multi_fd4_d4", "nafnet_pth"])
    func fixture(name: String) throws {
        let reference = try ReferenceCase(fixture: name)
        try Self.check(reference, style: .edgeSafe, expected: "expected_edge_safe.npy")
        if FileManager.default.fileExists(atPath: reference.file("expected.npy").path) {
            try Self.check(reference, style: .authors, expected: "expected.npy")
        }
    }

    @Suite(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
    struct Golden {
        @Test(arguments: ["nafnet_w8_k4_adaptive", "regressor_w8_k4", "small_image"])
        func publishedCode(name: String) throws {
            try check(ReferenceCase(folder: Goldens.file(name)), style: .authors, expected: "expected.npy")
        }

        @Test func smallImageWithSafeEdges() throws {
            try check(
                ReferenceCase(folder: Goldens.file("small_image")), style: .edgeSafe, expected: "expected_edge_safe.npy")
        }

        /// All feature choices of the regressors: increments and exits of each tile, mean of the output.
        @Test func everyRegressor() throws {
            struct Variant: Decodable {
                var classifier: String
                var dx: String
                var exit_threshold: ReferenceCase.Threshold
                var exits: [Int]
                var output_mean: Float
            }
            let reference = try ReferenceCase(folder: Goldens.file("regressor_w8_k4"))
            let variants = try JSONDecoder().decode(
                [Variant].self, from: Data(contentsOf: reference.file("variants.json")))
            #expect(variants.count == 11)
            for variant in variants {
                let network = try network(reference, classifier: variant.classifier, feature: variant.dx)
                let policy = policy(reference, network, threshold: variant.exit_threshold)
                let (output, report) = try restore(reference, network, policy, .authors)
                #expect(report.tiles.map(\.exit) == variant.exits, "\(variant.classifier)")
                let mean = output.reduce(0) { $0 + Double($1) } / Double(output.count)
                #expect(abs(mean - Double(variant.output_mean)) < 2e-6, "\(variant.classifier): mean \(mean)")
            }
        }
    }

    static func network(_ reference: ReferenceCase, classifier: String? = nil, feature: String? = nil) throws -> AdaRevD {
        var configuration = ModelConfiguration(name: reference.folder.lastPathComponent)
        configuration.regressorInput = (feature ?? reference.configuration.feature).flatMap { .init(rawValue: $0) }
        return try AdaRevD(archive: reference.archive(classifier: classifier), configuration: configuration)
    }

    static func policy(_ reference: ReferenceCase, _ network: AdaRevD, threshold: ReferenceCase.Threshold?) -> ExitPolicy {
        if let exits = reference.configuration.exits { return .table(exits) }
        switch threshold ?? reference.configuration.threshold {
        case .one(let tau): return .regressor(thresholds: [Float](repeating: tau, count: network.subDecoders - 1))
        case .steps(let steps): return .regressor(thresholds: steps)
        case nil: return .fixed(network.subDecoders)
        }
    }

    /// Input planes `(3, height, width)` as an image.
    static func input(_ reference: ReferenceCase) throws -> FloatImage {
        if let name = reference.configuration.input {
            let array = try NumPyArray(contentsOf: reference.file(name))
            let image = FloatImage(width: array.shape[2], height: array.shape[1])
            let plane = image.width * image.height
            for i in 0..<plane * 3 { image.pixels[i] = array.floats[i % 3 * plane + i / 3] }
            return image
        }
        let decoded = try Image.decode([UInt8](Data(contentsOf: reference.file("input.png"))))
        let image = FloatImage(width: decoded.raster.width, height: decoded.raster.height)
        decoded.raster.readRGB(x: 0, y: 0, width: image.width, height: image.height, into: image.pixels.baseAddress!)
        return image
    }

    /// The result `(3, height, width)` before the clamp.
    static func restore(
        _ reference: ReferenceCase, _ network: AdaRevD, _ policy: ExitPolicy, _ style: BlendStyle
    ) throws -> ([Float], RestorationReport) {
        let image = try input(reference)
        let scheduler = TileScheduler(
            network: network,
            configuration: .init(
                threads: 2,
                tile: try TileSize(side: reference.configuration.tile, overlap: reference.configuration.overlap)))
        defer { scheduler.stop() }
        let result = FloatImage(width: image.width, height: image.height)
        let report = try scheduler.restore(
            source: image, sink: result, options: RestorationOptions(exit: policy, blend: style, tileGuard: nil))
        let plane = image.width * image.height
        return ((0..<3 * plane).map { result.pixels[$0 % plane * 3 + $0 / plane] }, report)
    }

    static func check(_ reference: ReferenceCase, style: BlendStyle, expected: String) throws {
        let network = try network(reference)
        let (output, report) = try restore(
            reference, network, policy(reference, network, threshold: nil), style)
        for (record, tile) in zip(report.tiles, reference.tiles) {
            #expect(record.rectangle.x == tile.x && record.rectangle.y == tile.y)
            if reference.configuration.mode != "tile" { #expect(record.exit == tile.exit, "tile \(tile.x), \(tile.y)") }
            if let wanted = tile.degradationClass, !record.logits.isEmpty { #expect(record.degradationClass == wanted) }
            if let logits = tile.logits, !record.logits.isEmpty {
                #expect(maxAbsoluteDifference(record.logits, logits) <= 1e-3)
            }
        }
        #expect(report.tiles.count == reference.tiles.count)

        let image = try input(reference), plane = image.width * image.height
        let wanted = try NumPyArray(contentsOf: reference.file(expected))
        let step = reference.configuration.expectedStride ?? 1
        var got: [Float] = [], residual: [Float] = []
        for channel in 0..<3 {
            for y in stride(from: 0, to: image.height, by: step) {
                for x in stride(from: 0, to: image.width, by: step) {
                    let pixel = y * image.width + x
                    residual.append(wanted.floats[got.count] - image.pixels[pixel * 3 + channel])
                    got.append(output[channel * plane + pixel])
                }
            }
        }
        #expect(got.count == wanted.floats.count)
        let error = maxAbsoluteDifference(got, wanted.floats), s = standardDeviation(residual)
        #expect(error <= 2e-4 * s, "\(reference.folder.lastPathComponent) \(style): \(error / s)·s")
    }
}
