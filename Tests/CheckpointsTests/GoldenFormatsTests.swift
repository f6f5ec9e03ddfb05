import Checkpoints
import Digests
import Foundation
import TestSupport
import Testing

/// One tiny network in every container and number type (`goldens/formats`): the numbers must be the same to the bit.
@Suite(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
struct GoldenFormatsTests {
    struct Configuration: Decodable {
        let weights: [String]
        let parametersSHA256: String?
        let storedDtype: String

        enum CodingKeys: String, CodingKey {
            case weights
            case parametersSHA256 = "parameters_sha256"
            case storedDtype = "stored_dtype"
        }

        init(folder: String) throws {
            let data = try Data(contentsOf: Goldens.file("\(folder)/config.json"))
            self = try JSONDecoder().decode(Configuration.self, from: data)
        }
    }

    @Test(arguments: [
        ("legacy_bare_f16.pth", TensorArchive.Container.pytorchLegacy, TensorArchive.Entry.bare, ElementType.float16),
        ("legacy_params_f32.pth", .pytorchLegacy, .params, .float32),
        ("plain_bf16.safetensors", .safetensors, .bare, .bfloat16),
        ("plain_f32.safetensors", .safetensors, .bare, .float32),
        ("zip_params_f32.pth", .pytorchZip, .params, .float32),
        ("zip_state_dict_module_bf16.pth", .pytorchZip, .stateDict, .bfloat16),
    ])
    func everyContainerHoldsTheSameNumbers(
        file: String, container: TensorArchive.Container, entry: TensorArchive.Entry, type: ElementType
    ) throws {
        let configuration = try Configuration(folder: "formats")
        #expect(configuration.weights.contains(file))
        let archive = try TensorArchive(contentsOf: Goldens.file("formats/\(file)"))
        #expect(archive.container == container)
        #expect(archive.entry == entry)
        #expect(archive.tensors.values.allSatisfy { $0.elementType == type })
        #expect(parametersSHA256(archive) == configuration.parametersSHA256)
        try archive.checkFinite()
    }

    @Test func averagedParametersOnRequest() throws {
        let url = try Goldens.file("formats/zip_params_and_ema_f16.pth")
        let raw = try TensorArchive(contentsOf: url)
        let averaged = try TensorArchive(contentsOf: url, entry: .averagedParams)
        #expect(raw.entry == .params)
        #expect(raw.entries == [.params, .averagedParams])
        #expect(try parametersSHA256(averaged) == Configuration(folder: "formats").parametersSHA256)
        #expect(raw.names == averaged.names)
        for name in raw.names {
            let (half, whole) = (try #require(raw[name]), try #require(averaged[name]))
            // Halving a float16 below 2^-14 rounds to a multiple of 2^-24.
            let difference = maxAbsoluteDifference(half.floats().map { $0 * 2 }, whole.floats())
            #expect(difference <= 0x1p-24, "\(name)")
        }
    }

    @Test(arguments: ["nafnet_w8_k2", "nafnet_w8_k4_adaptive", "ufpnet_w8_k2"])
    func weightsOfTheOtherGoldens(folder: String) throws {
        let expected = try #require(try Configuration(folder: folder).parametersSHA256)
        var archive = try TensorArchive(contentsOf: Goldens.file("\(folder)/weights.pth"))
        if folder == "nafnet_w8_k4_adaptive" {
            let classifier = try TensorArchive(contentsOf: Goldens.file("\(folder)/classifier.pth"))
            #expect(classifier.entry == .bare)
            archive = try archive.union(classifier.adding(prefix: "ape."))
        }
        #expect(parametersSHA256(archive) == expected)
    }

    @Test func everyRegressorFileOpens() throws {
        let folder = try Goldens.file("regressor_w8_k4")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".pth") }
        #expect(files.count == 11)
        for file in files {
            let archive = try TensorArchive(contentsOf: folder.appending(path: file))
            #expect(!archive.tensors.isEmpty, "\(file)")
            try archive.checkFinite()
        }
    }

    /// As `goldens/README.md` defines it: over all tensors sorted by name, the name, a zero byte, the float32 values.
    private func parametersSHA256(_ archive: TensorArchive) -> String {
        var hash = SHA256()
        for name in archive.names {
            hash.update(name)
            hash.update([0])
            archive[name]?.floats().withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize().hex
    }
}
