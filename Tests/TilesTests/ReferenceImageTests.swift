import Deblur
import Foundation
import Network
import TestSupport
import Testing
import Tiles

/// Whole images, tiled, restored and blended by the real network, against known answers.
struct ReferenceImageTests {
    /// Our own fixtures: both modes, classes and regressors, both blend styles.
    @Test(arguments: [
        "nafnet_tiles_64", "nafnet_tiles_384", "nafnet_whole_64", "nafnet_whole_384", "regressor_single_fd4",
        "regressor_multi_fd4_d4", "nafnet_pth", "ufpnet_whole",
    ])
    func fixture(name: String) throws {
        let run = try ReferenceRun(ReferenceCase(fixture: name))
        try run.check(.edgeSafe, "expected_edge_safe.npy")
        if FileManager.default.fileExists(atPath: run.reference.file("expected.npy").path) {
            try run.check(.authors, "expected.npy")
        }
    }

    /// The published code's results; `goldens/README.md` says how they were made.
    @Suite(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
    struct Golden {
        /// Mode B: six tiles, four exits, three columns over each other; a row of three tiles and a regressor. Mode A: four
        /// tiles, three exits. Weights as float16, classifiers in files of their own.
        @Test(arguments: ["nafnet_w8_k4_adaptive", "regressor_w8_k4", "tlc_w8"], [1, 3])
        func publishedCode(name: String, threads: Int) throws {
            try ReferenceRun(ReferenceCase(folder: Goldens.file(name)), threads: threads)
                .check(.authors, "expected.npy")
        }

        /// Smaller than a tile, sides not multiples of 16: both ways to weight a lone tile, and both modes.
        @Test(arguments: EncodingMode.allCases)
        func smallImage(mode: EncodingMode) throws {
            let run = try ReferenceRun(ReferenceCase(folder: Goldens.file("small_image")), mode: mode)
            try run.check(.authors, "expected.npy")
            try run.check(.edgeSafe, "expected_edge_safe.npy")
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
                let run = try ReferenceRun(reference, classifier: variant.classifier, feature: variant.dx)
                let (output, report) = try run.restore(.authors, run.policy(threshold: variant.exit_threshold))
                #expect(report.tiles.map(\.exit) == variant.exits, "\(variant.classifier)")
                let mean = output.reduce(0) { $0 + Double($1) } / Double(output.count)
                #expect(abs(mean - Double(variant.output_mean)) < 2e-6, "\(variant.classifier): mean \(mean)")
            }
        }

        /// From the files as a user has them: what tensors cannot tell stands in a side file, τ comes from outside.
        @Test func regressorFromFiles() throws {
            let reference = try ReferenceCase(folder: Goldens.file("regressor_w8_k4"))
            let directory = FileManager.default.temporaryDirectory.appending(path: "tiles-golden-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let weights = directory.appending(path: "weights.pth")
            try FileManager.default.copyItem(at: reference.file(reference.configuration.weights[0]), to: weights)
            try Data(#"{"classifier": {"dx": "fd4"}}"#.utf8).write(to: directory.appending(path: "weights.pth.json"))
            let file = try ModelFile(contentsOf: weights, classifier: reference.file("classifier_single_fd4.pth"))
            guard case .one(let tau)? = reference.configuration.threshold else {
                Issue.record("no threshold")
                return
            }
            let policy = try ExitChoice(tau: Double(tau)).policy(for: file.architecture, file.configuration)
            try ReferenceRun(reference, network: file.network()).check(.authors, "expected.npy", policy: policy)
        }
    }
}
