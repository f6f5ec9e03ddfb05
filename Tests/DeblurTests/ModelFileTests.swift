import Checkpoints
import Deblur
import Foundation
import TestSupport
import Testing

/// Models written in the project's own form.
struct ModelFileTests {
    private static let model = Goldens.repository.appending(path: "Models/deblur-5.safetensors")

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "deblur-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func config(_ url: URL) throws -> [String: Any] {
        let text = try #require(try TensorArchive(contentsOf: url).metadata["config"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(arguments: [(ModelFile.Storage.fp16, ElementType.float16), (.bf16, .bfloat16), (.fp32, .float32)])
    func aCheckpointBecomesOurForm(_ storage: ModelFile.Storage, _ type: ElementType) throws {
        try withFolder { folder in
            let source = folder.appending(path: "checkpoint.pth")
            let fixture = Goldens.repository.appending(path: "Tests/Fixtures/network/nafnet_pth/weights.pth")
            try FileManager.default.copyItem(at: fixture, to: source)
            let plain = try ModelFile(contentsOf: source)
            let depth = plain.architecture.subDecoders
            let table = (0..<(try #require(plain.classes))).map { max(0, depth - $0) }
            let side = "{\"name\": \"mine\", \"exit_table\": \(table), \"note\": \"kept\"}"
            try Data(side.utf8).write(to: URL(filePath: source.path + ".json"))

            let target = folder.appending(path: "model.safetensors")
            try ModelFile(contentsOf: source).write(to: target, as: storage)
            let (before, after) = (try TensorArchive(contentsOf: source), try TensorArchive(contentsOf: target))
            #expect(before.names == after.names)
            for name in before.names {
                let (old, new) = (try #require(before[name]), try #require(after[name]))
                let isMatrix = name.hasSuffix("weight") && old.shape.count >= 2
                #expect(new.elementType == (isMatrix ? type : .float32), "\(name)")
                if new.elementType == .float32 { #expect(old.floats() == new.floats(), "\(name)") }
            }
            let written = try ModelFile(contentsOf: target).model()
            #expect(written.summary.name == "mine")
            #expect(try written.policy(ExitChoice()) == .table(table))
            let config = try config(target)
            #expect(config["note"] as? String == "kept")
            #expect(config["width"] as? Int == written.summary.width)
            #expect(config["sub_decoders"] as? Int == depth)
        }
    }

    @Test func aClassifierOfItsOwnBecomesPartOfTheModel() throws {
        try withFolder { folder in
            let archive = try TensorArchive(contentsOf: Self.model)
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
            let bodyFile = folder.appending(path: "b.safetensors"), headFile = folder.appending(path: "h.safetensors")
            try body.write(to: bodyFile)
            try head.write(to: headFile)
            // ... and put together again.
            let target = folder.appending(path: "model.safetensors")
            try ModelFile(contentsOf: bodyFile, classifier: headFile).write(to: target)
            #expect(try TensorArchive(contentsOf: target).names == archive.names)
            let (old, new) = (try ModelFile(contentsOf: Self.model), try ModelFile(contentsOf: target))
            #expect(
                try ExitChoice().policy(for: old.architecture, old.configuration)
                    == ExitChoice().policy(for: new.architecture, new.configuration))
        }
    }
}
