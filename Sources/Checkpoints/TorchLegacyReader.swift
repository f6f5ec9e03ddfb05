/// Reads the checkpoints of PyTorch before 1.6: five pickles in a row (a magic number, the protocol, the sizes of the
/// machine, the object, the keys of the storages), then each storage's element count and numbers, in the keys' order.
enum TorchLegacyReader {
    typealias Problem = CheckpointError.Problem

    /// 119547037146038801333356, little-endian.
    static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

    /// Whether the file begins with the pickle of the magic number: PROTO 2, LONG1 of ten bytes.
    static func recognises(_ bytes: FileBytes) -> Bool {
        bytes.raw.starts(with: [0x80, 0x02, 0x8a, 0x0a] + magic)
    }

    static func read(_ bytes: FileBytes) throws(Problem) -> TorchCheckpoint {
        var position = 0
        func next(_ part: String) throws(Problem) -> PickleMachine.Result {
            let result = try PickleMachine.run(bytes.raw, start: position, part: part)
            position = result.end
            return result
        }
        guard case .longInteger(magic) = try next("the magic number").value else {
            throw .malformed(part: "the magic number", "not that of PyTorch")
        }
        guard case .int(1001) = try next("the protocol").value else {
            throw .unsupported(part: "the protocol", "only 1001 is read")
        }
        try checkMachine(next("the machine's sizes"))
        let object = try next("the object")
        let keys = try keys(next("the storages' keys"))
        let ranges = try locate(keys, of: object.heap.storages, in: bytes, from: position)
        return TorchCheckpoint(
            bytes: bytes, container: .pytorchLegacy, root: object.value, heap: object.heap,
            storages: object.heap.storages.map { storage in
                ranges[storage.key].map { TorchCheckpoint.Storage(range: $0, checksum: nil) }
            })
    }

    private static func checkMachine(_ result: PickleMachine.Result) throws(Problem) {
        guard case .dictionary(let index) = result.value else {
            throw .malformed(part: "the machine's sizes", "not a dictionary")
        }
        for (key, value) in result.heap.dictionaries[index] {
            guard case .string("little_endian") = key else { continue }
            guard case .bool(true) = value else {
                throw .unsupported(part: "the machine's sizes", "written on a big-endian machine")
            }
            return
        }
        throw .malformed(part: "the machine's sizes", "they do not tell the byte order")
    }

    private static func keys(_ result: PickleMachine.Result) throws(Problem) -> [String] {
        guard case .list(let index) = result.value else {
            throw .malformed(part: "the storages' keys", "not a list")
        }
        var keys: [String] = []
        for value in result.heap.lists[index] {
            guard case .string(let key) = value else {
                throw .malformed(part: "the storages' keys", "one is \(value.kind)")
            }
            keys.append(key)
        }
        return keys
    }

    private static func locate(
        _ keys: [String], of storages: [PickleStorage], in bytes: FileBytes, from start: Int
    ) throws(Problem) -> [String: Range<Int>] {
        var known: [String: PickleStorage] = [:]
        for storage in storages {
            if let other = known.updateValue(storage, forKey: storage.key), other != storage {
                throw .malformed(part: "storage \(quoted(storage.key))", "described twice, differently")
            }
        }
        var ranges: [String: Range<Int>] = [:]
        var position = start
        for key in keys {
            let part = "storage \(quoted(key))"
            guard let storage = known[key] else { throw .malformed(part: part, "no tensor uses it") }
            let count = try bytes.load(Int64.self, at: position, of: part)
            position += 8
            guard count == Int64(storage.count) else {
                throw .malformed(part: part, "\(storage.count) elements in the pickle, \(count) in the file")
            }
            let (length, overflow) = storage.count.multipliedReportingOverflow(by: storage.elementType.byteCount)
            guard !overflow, length <= bytes.count - position else {
                throw .truncated(
                    part: part, needed: overflow ? .max : UInt64(length), available: UInt64(bytes.count - position))
            }
            guard ranges.updateValue(position..<position + length, forKey: key) == nil else {
                throw .duplicateName(key)
            }
            position += length
        }
        return ranges
    }
}
