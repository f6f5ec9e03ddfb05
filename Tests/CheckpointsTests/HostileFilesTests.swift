import Checkpoints
import Foundation
import TestSupport
import Testing

/// Files made to harm or mislead: each is refused with the error that says what is wrong with it.
struct HostileFilesTests {
    typealias Problem = CheckpointError.Problem

    private func problem(_ bytes: [UInt8], entry: TensorArchive.Entry? = nil) -> Problem? {
        do {
            _ = try TensorArchive(bytes: bytes, fileName: "m.pth", entry: entry)
            return nil
        } catch let error as CheckpointError {
            let line = error.description
            #expect(line.hasPrefix("m.pth: ") && line.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(line)")
            return error.problem
        } catch {
            Issue.record("another error: \(error)")
            return nil
        }
    }

    /// The same tensor through both PyTorch containers.
    private func problems(_ tensor: FixtureTensor) -> [Problem?] {
        [problem(Fixture.zip([tensor])), problem(Fixture.legacy([tensor]))]
    }

    // MARK: Pickles that want to run something

    @Test(arguments: [
        ("os", "system"), ("builtins", "eval"), ("torch.jit", "_script"), ("torch", "load"), ("torch._utils", "x"),
        ("torch._utils", "_rebuild_tensor_v2\u{0}"), ("collections", "Counter"), ("torch", "FloatStorage "),
        ("posix\u{1b}[2J", "system"),
    ])
    func globalsAreRefusedByName(module: String, name: String) {
        var pickle = PickleBuilder()
        pickle.global(module, name)
        pickle.mark()
        pickle.string("touch /tmp/deblur-was-here")
        pickle.op("t")
        pickle.op("R")
        pickle.stop()
        let expected = Problem.forbiddenGlobal("\(module).\(name)")
        #expect(problem(Fixture.zip(pickle: pickle.bytes)) == expected)
        #expect(problem(Fixture.legacy(pickle: pickle.bytes)) == expected)
    }

    @Test(arguments: [UInt8(0)...255])
    func onlyTheOperationsOfAStateDictAreKnown(all: ClosedRange<UInt8>) {
        let known = Set(Array("(.NJKMGX)t]ae}sucqrhjRbQ".utf8) + [0x80, 0x88, 0x89, 0x8a, 0x8c, 0x85, 0x86, 0x87])
        #expect(known.count == 32)
        for opcode in all where !known.contains(opcode) {
            #expect(problem(Fixture.zip(pickle: [0x80, 2, opcode, 0, 0, 0])) == .forbiddenOpcode(opcode, offset: 2))
        }
    }

    @Test func callsAreRefused() {
        // OrderedDict with contents, a storage class, a tensor, each called.
        var pickle = PickleBuilder()
        pickle.global("collections", "OrderedDict")
        pickle.op("]")
        pickle.raw([0x85])
        pickle.op("R")
        pickle.stop()
        #expect(
            problem(Fixture.zip(pickle: pickle.bytes))
                == .forbiddenCall("collections.OrderedDict with 1 arguments"))

        pickle = PickleBuilder()
        pickle.global("torch", "FloatStorage")
        pickle.op(")")
        pickle.op("R")
        pickle.stop()
        #expect(problem(Fixture.zip(pickle: pickle.bytes)) == .forbiddenCall("a torch storage of F32 with 0 arguments"))

        pickle = PickleBuilder()
        pickle.string("os.system")
        pickle.op(")")
        pickle.op("R")
        pickle.stop()
        #expect(problem(Fixture.zip(pickle: pickle.bytes)) == .forbiddenCall("a string"))

        // __setstate__ of anything but a state dict.
        pickle = PickleBuilder()
        pickle.tensor(Fixture.tensors[0])
        pickle.op("}")
        pickle.op("b")
        pickle.stop()
        #expect(
            problem(Fixture.zip(pickle: pickle.bytes))
                == .forbiddenCall("__setstate__ of a tensor with a dictionary"))
    }

    @Test func optimiserStateIsRecognised() {
        var pickle = PickleBuilder()
        pickle.op("}")
        pickle.string("optimizers")
        pickle.op("]")
        pickle.op("s")
        pickle.stop()
        #expect(problem(Fixture.zip(pickle: pickle.bytes)) == .optimiserState)

        // Schedulers keep a Counter, which would be refused with a name that tells a user nothing.
        pickle = PickleBuilder()
        pickle.op("}")
        pickle.string("param_groups")
        pickle.global("collections", "Counter")
        pickle.stop()
        #expect(problem(Fixture.legacy(pickle: pickle.bytes)) == .optimiserState)
    }

    @Test(
        arguments: [
            ("a value from an empty stack", [UInt8(ascii: "s"), 0x2e]), ("a value below a mark", Array("N(0t.".utf8)),
            ("a mark that is missing", Array("t.".utf8)), ("a memo never stored", [UInt8(ascii: "h"), 9, 0x2e]),
            ("two values left", Array("NN.".utf8)), ("a mark left", Array("N(.".utf8)), ("nothing left", [0x2e]),
            ("a key without value", Array("}(Nu.".utf8)), ("items of a list", Array("]NNs.".utf8)),
            ("appending to a dictionary", Array("}Na.".utf8)), ("a persistent id that is None", Array("NQ.".utf8)),
            ("a dictionary for a key of None", Array("}NNs.".utf8)), ("no end", Array("N".utf8)), ("nothing", []),
            ("text that is not UTF-8", [0x8c, 1, 0xff, 0x2e]), ("text longer than the pickle", [0x8c, 200, 0x2e]),
            ("text of 4 GB", [UInt8(ascii: "X"), 0xff, 0xff, 0xff, 0xff]), ("an endless global", Array("cos".utf8)),
            ("bytes behind the end", Array("N.N".utf8)), ("protocol 9", [0x80, 9, UInt8(ascii: "N"), 0x2e]),
        ] as [(String, [UInt8])])
    func brokenPickles(what: String, operations: [UInt8]) {
        let found = problem(Fixture.zip(pickle: [0x80, 2] + operations))
        switch found {
        case .malformed, .truncated, .overLimit, .notATensor, .forbiddenOpcode(UInt8(ascii: "0"), _): break
        default: Issue.record("\(what): \(String(describing: found))")
        }
    }

    @Test func deepNestingAndLongPicklesEndInALimit() {
        // A million tuples, each in the next: recursive readers or destructors exhaust the stack here.
        let nested = [0x80, 2] + Array(")".utf8) + [UInt8](repeating: 0x85, count: 900_000) + [0x2e]
        #expect(
            problem(Fixture.zip(pickle: nested))
                == .notATensor(name: "the outermost value", kind: "a tuple"))
        let endless = [0x80, 2] + [UInt8](repeating: UInt8(ascii: "]"), count: 2_000_000)
        #expect(
            problem(Fixture.zip(pickle: endless))
                == .overLimit(
                    part: "data.pkl (operations)", limit: 1 << 20, actual: 1 << 20 + 1))
        // A dictionary that holds itself.
        #expect(
            problem(Fixture.zip(pickle: [0x80, 2] + Array("}q\u{0}X\u{1}\u{0}\u{0}\u{0}ah\u{0}s.".utf8)))
                == .entryMissing(wanted: "params, state_dict, bare", present: ["a"]))
    }

    // MARK: Tensors that are not there

    @Test func viewsOutsideTheirStorage() {
        var tensor = FixtureTensor("t", shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
        tensor.offset = 1
        #expect(problems(tensor) == [.outsideStorage(tensor: "t", reaches: 6, storage: 6)].repeated(2))
        tensor.offset = 0
        tensor.strides = [3, 2]
        #expect(problems(tensor) == [.outsideStorage(tensor: "t", reaches: 7, storage: 6)].repeated(2))
        tensor.strides = [3, .max]
        #expect(problems(tensor).allSatisfy { if case .invalidShape = $0 { true } else { false } })
        tensor.strides = [3, -1]
        #expect(problems(tensor).allSatisfy { if case .invalidShape = $0 { true } else { false } })
        tensor.strides = [3]
        #expect(problems(tensor).allSatisfy { if case .invalidShape = $0 { true } else { false } })
        tensor.strides = [3, 1]
        tensor.offset = -1
        #expect(problems(tensor).allSatisfy { if case .invalidShape = $0 { true } else { false } })
    }

    @Test(arguments: [
        [-1], [2, -3], [1 << 40], [1 << 62, 4], [1 << 32, 1 << 32], [.max], [0, 1 << 40, 1 << 40, 1 << 40], [.min],
    ])
    func impossibleShapes(shape: [Int]) {
        var tensor = FixtureTensor("t", shape: [1], values: [1])
        tensor.shape = shape
        tensor.strides = shape.map { _ in 0 }
        for problem in problems(tensor) {
            guard case .invalidShape("t", shape, _) = problem else {
                Issue.record("\(shape): \(String(describing: problem))")
                continue
            }
        }
        let sizes = shape.map(String.init).joined(separator: ",")
        let header = "{\"t\":{\"dtype\":\"F32\",\"shape\":[\(sizes)],\"data_offsets\":[0,4]}}"
        switch problem(Fixture.safetensors(header: header, data: [0, 0, 0, 0])) {
        case .invalidShape("t", shape, _), .byteCount("t", _, 4): break
        case .malformed where shape.contains { $0 < 0 }: break
        case let other: Issue.record("\(shape): \(String(describing: other))")
        }
    }

    @Test func emptyTensorsWithOverflowingSizes() {
        let header = #"{"t":{"dtype":"F32","shape":[0,4294967296,4294967296,4],"data_offsets":[0,0]}}"#
        guard case .invalidShape = problem(Fixture.safetensors(header: header, data: [])) else {
            Issue.record("accepted: its strides overflow")
            return
        }
    }

    @Test func emptyTensorsWithWildStrides() throws {
        var tensor = FixtureTensor("t", shape: [0, 7, 1], values: [])
        tensor.strides = [.max, .max, .max]
        tensor.offset = .max
        for bytes in [Fixture.zip([tensor]), Fixture.legacy([tensor])] {
            let read = try #require(try TensorArchive(bytes: bytes, fileName: "m.pth")["t"])
            #expect(read.floats() == [] && read.isFinite())
        }
    }

    /// A text of a megabyte costs two bytes each time it is used again: whoever looks at each use never ends.
    @Test func longTextsUsedAgainAndAgain() {
        let text = String(repeating: "m", count: 1 << 20)
        var names = PickleBuilder()
        names.op("}")
        names.mark()
        names.string(text)
        names.raw([UInt8(ascii: "q"), 0, UInt8(ascii: "N")])
        for _ in 0..<300_000 { names.raw([UInt8(ascii: "h"), 0, UInt8(ascii: "N")]) }
        names.op("u")
        names.stop()
        #expect(
            problem(Fixture.zip(pickle: names.bytes))
                == .overLimit(part: "a name in the outermost value (bytes)", limit: 1024, actual: 1 << 20))

        var keys = PickleBuilder()
        keys.storage(text, "FloatStorage", count: 1)
        keys.stop()
        guard case .malformed = problem(Fixture.zip(pickle: keys.bytes)) else {
            Issue.record("a storage's key of a megabyte was accepted")
            return
        }
    }

    @Test func storagesThatClaimMoreThanTheFile() {
        var tensor = FixtureTensor("t", shape: [1], values: [1])
        tensor.storageCount = 1 << 40
        #expect(
            problem(Fixture.zip([tensor]))
                == .byteCount(of: "model/data/t", expected: 1 << 42, actual: 4))
        #expect(problem(Fixture.legacy([tensor])) == .truncated(part: "storage t", needed: 1 << 42, available: 4))
        tensor.storageCount = 1 << 62
        #expect(problem(Fixture.zip([tensor])) == .byteCount(of: "model/data/t", expected: .max, actual: 4))
        #expect(problem(Fixture.legacy([tensor])) == .truncated(part: "storage t", needed: .max, available: 4))
        tensor.storageCount = -1
        #expect(problems(tensor).allSatisfy { if case .malformed = $0 { true } else { false } })
    }

    @Test func oneStorageDrawnAThousandTimes() {
        let values = [Float](repeating: 1, count: 40_000)
        var tensors = [FixtureTensor](
            repeating: FixtureTensor("t", shape: [40_000], values: values, key: "0"), count: 1000)
        for index in tensors.indices { tensors[index].name = "t\(index)" }
        guard case .sharedTooOften(claimed: 160_000_000, _) = problem(Fixture.zip(tensors)) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func namesFromTheFileCannotForgeLines() throws {
        var tensor = FixtureTensor("x\n2026 INFO all is well\u{1b}[31m", shape: [2], values: [1])
        tensor.key = "0"
        let error = #expect(throws: CheckpointError.self) {
            try TensorArchive(bytes: Fixture.zip([tensor]), fileName: "m.pth")
        }
        #expect(
            error?.description == "m.pth: tensor x\\u{a}2026 INFO all is well\\u{1b}[31m reaches element 1 "
                + "of a storage of 1 elements")
    }

    @Test func valuesThatAreNotTensors() {
        var pickle = PickleBuilder()
        pickle.op("}")
        pickle.string("params")
        pickle.op("}")
        pickle.string("epoch")
        pickle.int(3)
        pickle.op("s")
        pickle.op("s")
        pickle.stop()
        #expect(problem(Fixture.zip(pickle: pickle.bytes)) == .notATensor(name: "epoch", kind: "an integer"))
    }

    // MARK: Other files

    @Test(
        arguments: [
            ("", "an empty file"), ("<!DOCTYPE html><html>", "an HTML page (a download that failed?)"),
            ("version https://git-lfs.github.com/spec/v1", "a Git LFS pointer (git lfs pull fetches the model)"),
            ("hello", nil),
        ] as [(String, String?)])
    func whatIsNoModel(text: String, guess: String?) {
        #expect(problem(Array(text.utf8)) == .unknownFormat(looksLike: guess))
    }

    @Test func legacyFilesOfABigEndianMachine() {
        #expect(
            problem(Fixture.legacy(littleEndianMachine: false))
                == .unsupported(part: "the machine's sizes", "written on a big-endian machine"))
    }

    @Test func everyTruncationIsRefused() {
        for (name, bytes) in ContainerTests.files.map({ ($0.name, $0.bytes) }) {
            for length in bytes.indices {
                #expect(problem(Array(bytes[..<length])) != nil, "\(name) cut to \(length) of \(bytes.count) bytes")
            }
        }
    }
}

extension Array {
    fileprivate func repeated(_ count: Int) -> [Element] { (0..<count).flatMap { _ in self } }
}
