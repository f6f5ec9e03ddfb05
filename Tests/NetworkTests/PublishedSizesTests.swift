import Checkpoints
import Foundation
import Network
import TestSupport
import Testing

/// Files with the tensors of the published models: they load, and one that differs says how. Their values are zeros that
/// take no room.
@Suite(.serialized) struct PublishedSizesTests {
    static let models = [Architecture.Encoder.nafnet, .ufpnet].flatMap { encoder in [2, 4, 8].map { (encoder, $0) } }

    /// Names and shapes as the authors' network has them, read off it (`spec/state_dict`), unused buffers included.
    static func list(_ encoder: Architecture.Encoder, _ subDecoders: Int) throws -> [String: [Int]] {
        let shared = try #require(Goldens.shared)
        let name = "\(encoder.rawValue.lowercased())_k\(subDecoders).tsv"
        let list = try String(contentsOf: shared.appending(path: "spec/state_dict/\(name)"), encoding: .utf8)
        return list.split(separator: "\n").reduce(into: [:]) { shapes, line in
            let fields = line.split(separator: "\t")
            shapes[String(fields[0])] = fields[1].split(separator: "x").compactMap { Int($0) }
        }
    }

    private func withFile<Result>(_ shapes: [String: [Int]], _ body: (URL) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "deblur-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        // The one value that has to be there; 19 is exact in bfloat16.
        let side = "encoder.flow.kernel_size"
        try SparseModelFile.write(shapes, values: shapes[side] == nil ? [:] : [side: 19], to: url)
        return try body(url)
    }

    /// Parameters of a published model in millions: the table of specification 1.
    private func millions(_ encoder: Architecture.Encoder, _ subDecoders: Int) -> Double {
        (encoder == .nafnet ? [2: 106.84, 4: 141.04, 8: 209.44] : [2: 118.25, 4: 152.45, 8: 220.85])[subDecoders] ?? 0
    }

    @Test(
        .enabled(if: Goldens.available, "needs ../shared/spec beside the golden vectors; see Goldens.howToProvide"),
        arguments: models)
    func loads(encoder: Architecture.Encoder, subDecoders: Int) throws {
        try withFile(Self.list(encoder, subDecoders)) { url in
            let network = try AdaRevD(weights: url)
            #expect(network.architecture == .published(encoder: encoder, subDecoders: subDecoders))
            // Two decimals; the buffers of the flow (5418 numbers) are counted here and not there.
            let counted = Double(network.parameterCount) / 1e6
            #expect(abs(counted - millions(encoder, subDecoders)) < 0.02, "\(counted)")
        }
    }

    /// - Parameter shapes: gets one tensor less, one more, and one of another shape.
    private func expectOneMessage(for shapes: [String: [Int]], _ what: String) throws {
        var shapes = shapes
        let missing = "subdenets.1.level2.blocks.0.conv4.bias", wrong = "encoder.downs.3.weight"
        shapes[missing] = nil
        shapes["subdenets.0.level3.fusion.down.0.bias"] = [7]
        let expected = try #require(shapes[wrong])
        shapes[wrong] = [expected[0], expected[1], 3, 3]
        let message = try withFile(shapes) { url in
            try #require(throws: CheckpointError.self) { try AdaRevD(weights: url) }.description
        }
        for part in [
            "missing: \(missing)", "unexpected: subdenets.0.level3.fusion.down.0.bias",
            "wrong shape: \(wrong) is \(expected[0])×\(expected[1])×3×3, not \(expected[0])×\(expected[1])×2×2",
        ] {
            #expect(message.contains(part), "\(what): \(message)")
        }
        #expect(!message.contains("\n"))
    }

    @Test(
        .enabled(if: Goldens.available, "needs ../shared/spec beside the golden vectors; see Goldens.howToProvide"),
        arguments: models)
    func namesAllThatDiffers(encoder: Architecture.Encoder, subDecoders: Int) throws {
        try expectOneMessage(for: Self.list(encoder, subDecoders), "\(encoder) \(subDecoders)")
    }

    /// The same at width 4, for which no list is needed.
    @Test(arguments: models)
    func smallOnesToo(encoder: Architecture.Encoder, subDecoders: Int) throws {
        let architecture = Architecture.published(encoder: encoder, width: 4, subDecoders: subDecoders)
        let shapes = architecture.tensorShapes
        try withFile(shapes) { url in
            let network = try AdaRevD(weights: url)
            #expect(network.architecture == architecture)
            #expect(network.parameterCount == shapes.values.reduce(0) { $0 + $1.reduce(1, *) })
        }
        try expectOneMessage(for: shapes, "\(encoder) \(subDecoders)")
    }

    /// Names in a file can tell of a network of terabytes: what it would ask for is heard without room for its numbers.
    @Test func askingTakesNoRoomForNumbers() async {
        await #expect(processExitsWith: .success) {
            let huge = Architecture(
                encoder: .ufpnet, width: 4096, encoderBlocks: [1024, 1024, 1024, 1024], middleBlocks: 1024,
                subDecoders: 64, exitHead: .none)
            let names = huge.tensorShapes.count
            precondition(names > 90_000, "\(names) tensors")
            // Not getrusage, whose maximum is handed on to a child.
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            let kibibytes = line.flatMap { Int($0.filter(\.isNumber)) }
            precondition(kibibytes.map { $0 < 512 << 10 } ?? false, "\(kibibytes ?? -1) KiB")
        }
    }
}
