import Checkpoints
import Evaluation
import Foundation
import Network
import TestSupport
import Testing

struct ModelFileWriterTests {
    private static let fixtures = Goldens.repository.appending(path: "Tests/Fixtures/network")
    private static let model = Goldens.repository.appending(path: "Models/deblur-4.safetensors")

    private func config(_ url: URL) throws -> [String: Any] {
        let text = try #require(try TensorArchive(contentsOf: url).metadata["config"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private var calibration: Calibration {
        let psnr: [[Double]] = [
            [18, 19, 19.5, 19.5, 19.5], [22, 22.4, 22.41, 22.4, 22.4], [27, 27.3, 27.29, 27.2, 27.2],
            [33, 33, 33, 33, 33], [38, 37, 38, 38, 38], [44, 40, 45, 45, 45],
        ]
        return Calibration(
            tiles: psnr.enumerated().map { index, psnr in
                CalibrationTile(image: 0, label: index, predicted: index, psnr: psnr, squares: [1, 1, 1, 1, 1], bytes: 3)
            },
            subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label)
    }

    @Test func theWrittenTableIsTheOneInUse() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "sub/model.safetensors")
        var file = try ModelFileWriter(contentsOf: Self.model)
        try file.set(calibration, tau: 0.1)
        try file.write(to: target)

        let written = try AdaRevD(contentsOf: target)
        let expected = [2, 1, 1, 0, 0, 0]
        #expect(calibration.exitTable(tau: 0.1) == expected)
        #expect(try written.policy(.adaptive) == .table(expected))
        #expect(written.configuration.increments == calibration.increments)
        #expect(written.configuration.tau == 0.1)
        #expect(try written.policy(.adaptive, tau: 0.45) == .table([2, 0, 0, 0, 0, 0]))

        let (before, after) = (try TensorArchive(contentsOf: Self.model), try TensorArchive(contentsOf: target))
        #expect(before.names == after.names)
        for name in before.names {
            #expect(before[name]?.elementType == after[name]?.elementType, "\(name)")
            #expect(before[name]?.floats() == after[name]?.floats(), "\(name)")
        }
        var (old, new) = (try config(Self.model), try config(target))
        for key in ["increments_db", "exit_table", "tau"] {
            old[key] = nil
            new[key] = nil
        }
        #expect(NSDictionary(dictionary: old) == NSDictionary(dictionary: new))
        #expect(after.metadata["format"] == "deblur" && after.metadata["version"] == "1")
    }

    @Test func classesWithoutSamplesStayUnknown() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "model.safetensors")
        var file = try ModelFileWriter(contentsOf: Self.model)
        let none = Calibration(tiles: [], subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label)
        try file.set(none, tau: 0.1)
        try file.write(to: target)
        let written = try AdaRevD(contentsOf: target)
        #expect(written.configuration.increments == [[Double?]](repeating: [nil, nil, nil, nil], count: 6))
        #expect(try written.policy(.adaptive) == .table([4, 4, 4, 4, 4, 4]))
    }

    /// Pictures of one class only: the other rows of the written model are those that were there.
    @Test func classesWithoutSamplesKeepTheirRows() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "model.safetensors")
        var file = try ModelFileWriter(contentsOf: Self.model)
        let before = try #require(file.network.configuration.increments)
        let table = try #require(file.network.configuration.exitTable)
        let one = Calibration(
            tiles: [
                CalibrationTile(
                    image: 0, label: 2, predicted: 2, psnr: [27, 27.5, 28, 28, 28], squares: [1, 1, 1, 1, 1], bytes: 3)
            ],
            subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label,
            previous: .init(increments: before, exitTable: table))
        try file.set(one, tau: 0.05)
        try file.write(to: target)
        let written = try AdaRevD(contentsOf: target)
        var (rows, exits) = (before, table)
        (rows[2], exits[2]) = ([0.5, 0.5, 0, 0], 2)
        #expect(written.configuration.increments == rows)
        #expect(try written.policy(.adaptive) == .table(exits))
    }

    @Test func refusesClassesThatTheModelDoesNotHave() throws {
        var file = try ModelFileWriter(contentsOf: Self.model)
        let eight = Calibration(tiles: [], subDecoders: 4, classes: 8, thresholds: .realBlurR, grouping: .label)
        #expect(throws: EvaluationError.thresholds(expected: 5, actual: 7)) { try file.set(eight, tau: 0.1) }
    }

    @Test(arguments: [(ModelFileWriter.Storage.fp16, ElementType.float16), (.bf16, .bfloat16), (.fp32, .float32)])
    func aCheckpointBecomesOurForm(_ storage: ModelFileWriter.Storage, _ type: ElementType) throws {
        let scene = try Scene()
        let source = scene.folder.appending(path: "checkpoint.pth")
        try FileManager.default.copyItem(at: Self.fixtures.appending(path: "nafnet_pth/weights.pth"), to: source)
        let classes = try #require(classCount(try AdaRevD(contentsOf: source)))
        let depth = try AdaRevD(contentsOf: source).subDecoders
        let table = (0..<classes).map { max(0, depth - $0) }
        let side = "{\"name\": \"mine\", \"exit_table\": \(table), \"note\": \"kept\"}"
        try Data(side.utf8).write(to: URL(filePath: source.path + ".json"))

        let target = scene.folder.appending(path: "model.safetensors")
        try ModelFileWriter(contentsOf: source).write(to: target, as: storage)
        let (before, after) = (try TensorArchive(contentsOf: source), try TensorArchive(contentsOf: target))
        #expect(before.names == after.names)
        for name in before.names {
            let (old, new) = (try #require(before[name]), try #require(after[name]))
            let isMatrix = name.hasSuffix("weight") && old.shape.count >= 2
            #expect(new.elementType == (isMatrix ? type : .float32), "\(name)")
            if new.elementType == .float32 { #expect(old.floats() == new.floats(), "\(name)") }
        }
        let written = try AdaRevD(contentsOf: target)
        #expect(written.configuration.name == "mine")
        #expect(try written.policy(.adaptive) == .table(table))
        let config = try config(target)
        #expect(config["note"] as? String == "kept")
        #expect(config["width"] as? Int == written.architecture.width)
        #expect(config["sub_decoders"] as? Int == depth)
    }

    private func classCount(_ network: AdaRevD) -> Int? {
        if case .classifier(_, let classes) = network.architecture.exitHead { return classes }
        return nil
    }

    @Test func aClassifierOfItsOwnBecomesPartOfTheModel() throws {
        let scene = try Scene()
        let source = Self.model
        let archive = try TensorArchive(contentsOf: source)
        // Taken apart ...
        var (body, head) = (SafetensorsWriter(metadata: archive.metadata), SafetensorsWriter())
        for name in archive.names {
            let tensor = try #require(archive[name])
            if name.hasPrefix("ape.") {
                head.add(tensor.renamed(String(name.dropFirst(4))), as: .float32)
            } else {
                body.add(tensor, as: .float16)
            }
        }
        let bodyFile = scene.folder.appending(path: "b.safetensors")
        let headFile = scene.folder.appending(path: "h.safetensors")
        try body.write(to: bodyFile)
        try head.write(to: headFile)
        // ... and put together again.
        let target = scene.folder.appending(path: "model.safetensors")
        try ModelFileWriter(contentsOf: bodyFile, classifier: headFile).write(to: target)
        #expect(try TensorArchive(contentsOf: target).names == archive.names)
        #expect(try AdaRevD(contentsOf: target).policy(.adaptive) == AdaRevD(contentsOf: source).policy(.adaptive))
    }
}
