import Digests

/// Reads the checkpoints of PyTorch 1.6 and later: a zip archive with one top folder of any name, which holds
/// `data.pkl` and one member `data/<key>` for each storage.
enum TorchZipReader {
    static func read(_ bytes: FileBytes) throws(CheckpointError.Problem) -> TorchCheckpoint {
        let directory = try ZipDirectory(bytes)
        let members = directory.members
        let pickles = members.keys.filter { $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2 }
        guard let name = pickles.first, pickles.count == 1, let pickle = members[name]?.range else {
            throw .malformed(
                part: "zip archive",
                pickles.isEmpty ? "it has no data.pkl: not a PyTorch checkpoint" : "it has several data.pkl")
        }
        let folder = name.dropLast("data.pkl".count)
        // Whose numbers a damaged storage spoils is known once the pickle has been read.
        for (member, told) in members where !member.hasPrefix(folder + "data/") {
            try check(told, "zip member \(quoted(member))", bytes)
        }
        if let order = members[folder + "byteorder"]?.range {
            let text = try bytes.text(order.lowerBound, min(order.count, 16), of: "byteorder")
            guard text == "little" else {
                throw .unsupported(part: "byteorder", "\(quoted(text)), only little is read")
            }
        }
        let result = try PickleMachine.run(
            bytes.slice(pickle.lowerBound, pickle.count, of: "data.pkl"), part: "data.pkl")
        guard result.end == pickle.count else {
            throw .malformed(part: "data.pkl", "\(pickle.count - result.end) bytes behind its end")
        }
        var storages: [TorchCheckpoint.Storage?] = []
        for storage in result.heap.storages {
            let member = folder + "data/" + storage.key
            guard let told = members[member] else {
                storages.append(nil)
                continue
            }
            let range = told.range
            let (expected, overflow) = storage.count.multipliedReportingOverflow(by: storage.elementType.byteCount)
            guard !overflow, expected == range.count else {
                throw .byteCount(
                    of: member, expected: overflow ? .max : UInt64(expected), actual: UInt64(range.count))
            }
            storages.append(TorchCheckpoint.Storage(range: range, checksum: told.checksum))
        }
        return TorchCheckpoint(
            bytes: bytes, container: .pytorchZip, root: result.value, heap: result.heap, storages: storages)
    }

    private static func check(
        _ member: ZipDirectory.Member, _ part: @autoclosure () -> String, _ bytes: FileBytes
    ) throws(CheckpointError.Problem) {
        guard let told = member.checksum else { return }
        let data = try bytes.slice(member.range.lowerBound, member.range.count, of: part())
        guard CRC32.checksum(of: data) == told else {
            throw .malformed(part: part(), "its bytes do not have the checksum (CRC-32) that the archive tells")
        }
    }
}
