import Checkpoints
import Digests
import Foundation
import TestSupport
import Testing

/// Good files of every container, made here byte by byte.
struct ContainerTests {
    static let files: [(name: String, bytes: [UInt8], container: TensorArchive.Container)] = [
        ("zip", Fixture.zip(), .pytorchZip),
        ("zip without checksums", Fixture.zip { $0.hasChecksums = false }, .pytorchZip),
        ("zip64", Fixture.zip { $0.useZip64 = true }, .pytorchZip),
        ("zip with a comment", Fixture.zip { $0.comment = Array("PK\u{5}\u{6} is not the end".utf8) }, .pytorchZip),
        ("legacy", Fixture.legacy(), .pytorchLegacy),
        ("safetensors", Fixture.safetensors(), .safetensors),
    ]

    @Test(arguments: files.indices)
    func holdsTheNumbers(index: Int) throws {
        let file = Self.files[index]
        let archive = try TensorArchive(bytes: file.bytes, fileName: file.name)
        #expect(archive.container == file.container)
        #expect(archive.names == Fixture.values.keys.sorted())
        for (name, values) in Fixture.values {
            #expect(archive[name]?.floats() == values, "\(file.name): \(name)")
        }
        #expect(archive["b.weight"]?.shape == [4, 3])
        #expect(archive.parameterCount == 20)
        #expect(archive.digest() == SHA256.hash(file.bytes).hex)
        try archive.checkFinite()
    }

    @Test(
        arguments: [
            ("params", nil, TensorArchive.Entry.params), ("state_dict", nil, .stateDict), (nil, nil, .bare),
            ("params_ema", TensorArchive.Entry.averagedParams, .averagedParams),
        ] as [(String?, TensorArchive.Entry?, TensorArchive.Entry)])
    func findsTheEntry(written: String?, wanted: TensorArchive.Entry?, found: TensorArchive.Entry) throws {
        for bytes in [Fixture.zip(entry: written), Fixture.legacy(entry: written)] {
            let archive = try TensorArchive(bytes: bytes, fileName: "m.pth", entry: wanted)
            #expect(archive.entry == found)
            #expect(archive.entries == [found])
            #expect(archive["c.bias"]?.floats() == Fixture.values["c.bias"])
        }
    }

    @Test func averagedParametersAreNotTakenUnasked() {
        #expect(
            throws: CheckpointError(
                file: "m.pth", .entryMissing(wanted: "params, state_dict, bare", present: ["params_ema"]))
        ) {
            try TensorArchive(bytes: Fixture.zip(entry: "params_ema"), fileName: "m.pth")
        }
    }

    @Test(arguments: [
        ("module.a.weight", "a.weight"), ("a.module.weight", "a.weight"), ("a.weight", "a.weight"),
        ("modules.0", "modules.0"), ("submodule.a", "submodule.a"),
    ])
    func moduleIsStripped(written: String, read: String) throws {
        let archive = try TensorArchive(
            bytes: Fixture.zip([FixtureTensor(written, shape: [1], values: [1], key: "0")]), fileName: "m.pth")
        #expect(archive.names == [read])
    }

    @Test func namesThatMeetWithoutModuleAreRefused() {
        let tensors = ["a", "module.a"].map { FixtureTensor($0, shape: [1], values: [1]) }
        #expect(throws: CheckpointError(file: "m.pth", .duplicateName("a"))) {
            try TensorArchive(bytes: Fixture.zip(tensors), fileName: "m.pth")
        }
    }

    @Test func otherElementTypes() throws {
        func read(_ storage: String, _ data: [UInt8], count: Int) throws -> [Float]? {
            var tensor = FixtureTensor("t", shape: [count], values: [])
            tensor.storageType = storage
            tensor.storageCount = count
            tensor.data = data
            return try TensorArchive(bytes: Fixture.zip([tensor]), fileName: "m.pth")["t"]?.floats()
        }
        #expect(try read("DoubleStorage", littleEndian(1.5.bitPattern), count: 1) == [1.5])
        #expect(try read("LongStorage", littleEndian(Int64(-3)), count: 1) == [-3])
        #expect(try read("IntStorage", littleEndian(Int32(-70_000)), count: 1) == [-70_000])
        #expect(try read("ShortStorage", littleEndian(Int16(-300)), count: 1) == [-300])
        #expect(try read("CharStorage", [0xff, 3], count: 2) == [-1, 3])
        #expect(try read("ByteStorage", [0xff, 3], count: 2) == [255, 3])
        #expect(try read("BoolStorage", [0, 2], count: 2) == [0, 1])
        #expect(try read("HalfStorage", [0, 0x3c, 1, 0], count: 2) == [1, 0x1p-24])
        #expect(try read("BFloat16Storage", [0x80, 0x3f], count: 1) == [1])
    }

    @Test func metadataOfSafetensors() throws {
        let archive = try TensorArchive(bytes: Fixture.safetensors(), fileName: "m")
        #expect(archive.metadata == ["format": "deblur", "config": "{\"width\": 4}"])
        #expect(archive.entry == .bare)
        let header = #"{"__metadata__":{"\u00e4\ud83d\ude00\n\"\\\/":"é"}}"#
        let escaped = try TensorArchive(bytes: Fixture.safetensors(header: header, data: []), fileName: "m")
        #expect(escaped.metadata == ["ä😀\n\"\\/": "é"])
    }

    @Test func emptyTensors() throws {
        var empty = FixtureTensor("t", shape: [0, 3], values: [])
        empty.offset = 7
        let archive = try TensorArchive(bytes: Fixture.zip([empty]), fileName: "m.pth")
        #expect(archive["t"]?.floats() == [])
        #expect(archive["t"]?.isFinite() == true)
    }

    @Test func opensAFile() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "deblur-\(UUID()).pth")
        try Data(Fixture.legacy()).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let archive = try TensorArchive(contentsOf: url)
        #expect(archive.fileName == url.lastPathComponent)
        #expect(archive["a.scale"]?.floats() == [3])
    }

    @Test(arguments: ["/dev/zero", "/", "/nonexistent/model.pth"])
    func refusesWhatIsNoFile(path: String) {
        let error = #expect(throws: CheckpointError.self) { try TensorArchive(contentsOf: URL(filePath: path)) }
        guard case .inaccessible = error?.problem else {
            Issue.record("\(path): \(String(describing: error))")
            return
        }
    }
}
