import Checkpoints
import TestSupport
import Testing

/// Zip directories and safetensors headers that break their formats' rules.
struct HostileArchivesTests {
    private func problem(_ bytes: [UInt8]) -> CheckpointError.Problem? {
        do {
            _ = try TensorArchive(bytes: bytes, fileName: "m")
            return nil
        } catch {
            return (error as? CheckpointError)?.problem
        }
    }

    private func isMalformed(_ problem: CheckpointError.Problem?) -> Bool {
        if case .malformed = problem { true } else { false }
    }

    // MARK: Zip

    @Test func compressedAndEncryptedMembers() {
        guard case .unsupported("zip member model/data/0", _) = problem(Fixture.zip { $0.members[3].method = 8 }) else {
            Issue.record("compressed member accepted")
            return
        }
        guard case .unsupported = problem(Fixture.zip { $0.members[3].flags = 1 }) else {
            Issue.record("encrypted member accepted")
            return
        }
    }

    @Test func sizesBeyondTheFile() {
        for wide in [false, true] {
            for size in [UInt64(1) << 20, 0xffff_fffe, 1 << 40, 1 << 63, .max] where wide || size < UInt32.max {
                let bytes = Fixture.zip {
                    $0.useZip64 = wide
                    $0.members[2].claimedSize = size
                }
                guard case .truncated = problem(bytes) else {
                    Issue.record("zip64 \(wide), size \(size): \(String(describing: problem(bytes)))")
                    continue
                }
            }
        }
    }

    @Test func membersOfOneNameAndOverlappingMembers() {
        #expect(problem(Fixture.zip { $0.add("model/version", []) }) == .duplicateName("model/version"))
        // A member that reaches over the next one's header.
        let next = Fixture.zip { $0.members[1].claimedSize = 200 }
        #expect(isMalformed(problem(next)))
    }

    @Test func localHeadersOfAnotherName() {
        #expect(isMalformed(problem(Fixture.zip { $0.members[2].localName = "model/data/9" })))
    }

    @Test func archivesThatAreNoCheckpoints() {
        #expect(isMalformed(problem(Fixture.zip { $0.members.removeFirst() })))
        #expect(isMalformed(problem(Fixture.zip { $0.add("other/data.pkl", []) })))
        #expect(isMalformed(problem(Fixture.zip { $0.members.removeAll { $0.name == "model/data/0" } })))
        #expect(
            problem(Fixture.zip { $0.members[1].data = Array("big".utf8) })
                == .unsupported(part: "byteorder", "big, only little is read"))
    }

    /// A storage that is turned over in one bit, at its ends and in between.
    @Test(arguments: [0, 1, 100, 12 * 32 - 1])
    func oneBitOfAStorage(bit: Int) {
        // Members: data.pkl, byteorder, and the storages of a.scale, of b.weight and c.bias, of d.alpha.
        let shared = Fixture.zip { $0.members[3].damagedBit = bit }
        #expect(problem(shared) == .checksum(of: ["b.weight", "c.bias"]))
        #expect(problem(Fixture.zip { $0.members[2].damagedBit = bit % 32 }) == .checksum(of: ["a.scale"]))
        let both = Fixture.zip {
            $0.useZip64 = true
            for member in [2, 4] { $0.members[member].damagedBit = bit % 32 }
        }
        #expect(problem(both) == .checksum(of: ["a.scale", "d.alpha"]))
        #expect(problem(Fixture.zip { ($0.members[3].damagedBit, $0.hasChecksums) = (bit, false) }) == nil)
    }

    @Test func oneBitOfAnotherMember() {
        for member in [0, 1, 5] {
            guard case .malformed(let part, _) = problem(Fixture.zip { $0.members[member].damagedBit = 3 }) else {
                Issue.record("member \(member) accepted")
                continue
            }
            #expect(part.hasPrefix("zip member model/"))
        }
    }

    /// Damage to weights that were not asked for is damage to the file.
    @Test func oneBitOfAnotherEntry() {
        var pickle = PickleBuilder()
        pickle.op("}")
        for (entry, tensor) in [("params", Fixture.tensors[0]), ("params_ema", Fixture.tensors[3])] {
            pickle.string(entry)
            pickle.stateDict([tensor], legacy: false)
            pickle.op("s")
        }
        pickle.stop()
        let tensors = [Fixture.tensors[0], Fixture.tensors[3]]
        #expect(problem(Fixture.zip(tensors, pickle: pickle.bytes)) == nil)
        let damaged = Fixture.zip(tensors, pickle: pickle.bytes) { $0.members[3].damagedBit = 9 }
        #expect(problem(damaged) == .checksum(of: ["storage 1 of another entry"]))
    }

    // MARK: Safetensors

    @Test func lengthOfTheHeader() {
        for claimed in [UInt64(1) << 25, 1 << 40, 1 << 63, .max] {
            #expect(
                problem(Fixture.safetensors(header: "{}", data: [], claimedLength: claimed))
                    == .overLimit(part: "safetensors header", limit: 16 << 20, actual: claimed))
        }
        #expect(
            problem(Fixture.safetensors(header: "{}", data: [], claimedLength: 100))
                == .truncated(part: "safetensors header", needed: 100, available: 2))
        #expect(problem(Fixture.safetensors(header: "{}", data: [])) == nil)
    }

    @Test(arguments: [
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#,
        #"{"t":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        #"{"t":[{"dtype":"F32","shape":[1],"data_offsets":[0,4]}]}"#,
        #"{"\ud83d":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#,
        #"{"__metadata__":{"a":1},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"t":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
        #"{"u":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        "{\"t\u{0}\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    ])
    func brokenHeaders(header: String) {
        #expect(isMalformed(problem(Fixture.safetensors(header: header, data: [0, 0, 0, 0]))))
    }

    @Test func offsetsAndSizesThatDisagree() {
        func tensor(_ name: String, _ start: Int, _ end: Int, type: String = "F32", shape: String = "[1]") -> String {
            "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}"
        }
        func problem(_ tensors: String..., bytes: Int) -> CheckpointError.Problem? {
            self.problem(
                Fixture.safetensors(
                    header: "{\(tensors.joined(separator: ","))}", data: [UInt8](repeating: 0, count: bytes)))
        }
        #expect(problem(tensor("t", 0, 4), bytes: 4) == nil)
        #expect(problem(tensor("t", 0, 8), bytes: 8) == .byteCount(of: "t", expected: 4, actual: 8))
        #expect(problem(tensor("t", 0, 4), tensor("t", 4, 8), bytes: 8) == .duplicateName("t"))
        #expect(problem(tensor("t", 0, 4, type: "F8_E5M2"), bytes: 4) == .elementType(tensor: "t", type: "F8_E5M2"))
        #expect(
            problem(tensor("t", 4, 8), bytes: 4)
                == .truncated(part: "tensor t", needed: 8, available: 4))
        #expect(isMalformed(problem(tensor("t", 0, 4), tensor("u", 2, 6), bytes: 6)), "overlap")
        #expect(isMalformed(problem(tensor("t", 0, 4), tensor("u", 6, 10), bytes: 10)), "hole")
        #expect(isMalformed(problem(tensor("t", 4, 8), bytes: 8)), "hole in front")
        #expect(isMalformed(problem(tensor("t", 0, 4), bytes: 6)), "bytes behind the last")
        #expect(
            problem(tensor("t", 0, 1 << 42, shape: "[1099511627776]"), bytes: 4)
                == .truncated(part: "tensor t", needed: 1 << 42, available: 4))
    }
}
