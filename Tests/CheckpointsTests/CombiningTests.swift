import Checkpoints
import Digests
import Foundation
import TestSupport
import Testing

/// Several files that make one model, and checks against an architecture.
struct CombiningTests {
    private func archive(_ tensors: [FixtureTensor], _ name: String = "m.pth") throws -> TensorArchive {
        try TensorArchive(bytes: Fixture.zip(tensors), fileName: name)
    }

    @Test func prefixAndUnion() throws {
        let main = try archive([FixtureTensor("encoder.w", shape: [1], values: [1])])
        let classifier = try archive([FixtureTensor("0.weight", shape: [2], values: [2, 3])], "c.pth")
        let both = try main.union(classifier.adding(prefix: "ape."))
        #expect(both.names == ["ape.0.weight", "encoder.w"])
        #expect(both["ape.0.weight"]?.name == "ape.0.weight")
        #expect(both["ape.0.weight"]?.floats() == [2, 3])
        #expect(both.fileName == "m.pth")
        #expect(both.digest() != main.digest())
        #expect(both.filter { $0.hasPrefix("ape.") }.names == ["ape.0.weight"])
    }

    @Test func equalTensorsOfTwoFilesAreNoConflict() throws {
        func scalar(_ name: String, _ value: Float) -> FixtureTensor {
            FixtureTensor(name, shape: [1], values: [value])
        }
        let main = try archive([scalar("a", 1), scalar("b", 2)])
        let same = try archive([scalar("a", 1)], "c.pth")
        let other = try archive([scalar("a", 1), scalar("b", 3)], "c.pth")
        #expect(main.sharedNames(with: same) == ["a"])
        #expect(try main.union(same).names == ["a", "b"])
        #expect(throws: CheckpointError(file: "m.pth", .conflict(["b"], other: "c.pth"))) { try main.union(other) }
    }

    @Test func oneErrorListsAllThatDoesNotFit() throws {
        let archive = try archive([
            FixtureTensor("a", shape: [2], values: [1, 2]), FixtureTensor("extra", shape: [1], values: [1]),
            FixtureTensor("fine", shape: [1, 1], values: [1]),
        ])
        let error = #expect(throws: CheckpointError.self) {
            try archive.check(shapes: ["a": [1, 2], "fine": [1, 1], "gone": [3]])
        }
        #expect(
            error?.description == "m.pth: the tensors do not fit the architecture: missing: gone; "
                + "unexpected: extra; wrong shape: a is 2, not 1×2")
        try archive.check(shapes: ["a": [2], "fine": [1, 1]], ignoring: { $0 == "extra" })
    }

    @Test(arguments: ["LongStorage", "IntStorage", "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage"])
    func weightsOfWholeNumbersAreNamed(storage: String) throws {
        var whole = FixtureTensor("a", shape: [1], values: [1])
        whole.storageType = storage
        let width = ["Long": 8, "Int": 4, "Short": 2][storage.replacingOccurrences(of: "Storage", with: "")] ?? 1
        whole.data = [UInt8](repeating: 1, count: width)
        var counter = whole
        (counter.name, counter.key) = ("counter", "1")
        let archive = try archive([whole, counter, FixtureTensor("b", shape: [1], values: [1])])
        let error = #expect(throws: CheckpointError.self) {
            try archive.check(shapes: ["a": [1], "b": [1]], ignoring: { $0 == "counter" })
        }
        let type = try #require(archive["a"]?.elementType)
        #expect(error?.problem == .mismatch(TensorMismatch(wrongTypes: [.init(name: "a", actual: type)])))
        #expect(error?.description.hasSuffix("weights are floating point: a is \(type.rawValue)") == true)
    }

    @Test func nonFiniteTensorsAreNamed() throws {
        let archive = try archive([
            FixtureTensor("a", shape: [2], values: [1, .nan]), FixtureTensor("b", shape: [1], values: [1]),
            FixtureTensor("c", shape: [1], values: [-.infinity]),
        ])
        #expect(throws: CheckpointError(file: "m.pth", .notFinite(["a", "c"]))) { try archive.checkFinite() }
    }
}
