import Digests

/// A PyTorch checkpoint of either form: what its pickle says, and where its storages lie in the file.
struct TorchCheckpoint {
    typealias Problem = CheckpointError.Problem

    /// All tensors together may claim that many times the file's bytes: tied weights are drawn from one storage, but a
    /// file that names one storage a hundred thousand times only wants to be expensive.
    private static let sharingLimit = 4
    /// Of names, in bytes; those of the models here have about 60.
    private static let nameLimit = 1024

    let bytes: FileBytes
    let container: TensorArchive.Container
    let root: PickleValue
    let heap: PickleHeap
    /// In the order of ``PickleHeap/storages``; nil where the file has none.
    let storages: [Storage?]

    struct Storage {
        /// Where its numbers lie in the file.
        let range: Range<Int>
        /// CRC-32 of them, where the file tells one.
        let checksum: UInt32?
    }

    typealias Named = (name: String, value: PickleValue)

    /// The archive of one entry.
    func archive(fileName: String, entry wanted: TensorArchive.Entry?) throws(Problem) -> TensorArchive {
        let outermost = try named(root, of: "the outermost value")
        var found: [TensorArchive.Entry: [Named]] = [:]
        for entry in TensorArchive.Entry.allCases where entry != .bare {
            for (_, value) in outermost.filter({ $0.name == entry.rawValue }) {
                guard case .dictionary = value else { continue }
                guard found.updateValue(try named(value, of: entry.rawValue), forKey: entry) == nil else {
                    throw .duplicateName(entry.rawValue)
                }
            }
        }
        if outermost.contains(where: { if case .tensor = $0.value { true } else { false } }) {
            found[.bare] = outermost
        }
        let entries = TensorArchive.Entry.allCases.filter { found[$0] != nil }
        let preferred = wanted.map { [$0] } ?? [.params, .stateDict, .bare]
        guard let entry = preferred.first(where: { found[$0] != nil }), let named = found[entry] else {
            let names = outermost.map(\.name)
            if entries.isEmpty, names.contains(where: { ["optimizers", "optimizer", "param_groups"].contains($0) }) {
                throw .optimiserState
            }
            throw .entryMissing(
                wanted: preferred.map(\.rawValue).joined(separator: ", "),
                present: entries.isEmpty ? names : entries.map(\.rawValue))
        }
        return try TensorArchive(
            fileName: fileName, container: container, entry: entry, entries: entries, metadata: [:],
            tensors: try tensors(named), source: bytes)
    }

    /// The items of a dictionary whose keys are strings.
    private func named(_ value: PickleValue, of what: String) throws(Problem) -> [Named] {
        guard case .dictionary(let index) = value else { throw .notATensor(name: what, kind: value.kind) }
        var items: [Named] = []
        items.reserveCapacity(heap.dictionaries[index].count)
        for (key, value) in heap.dictionaries[index] {
            guard case .string(let name) = key else {
                throw .malformed(part: "the pickle", "a key of \(what) is \(key.kind)")
            }
            // A pickle can repeat a text of megabytes for two bytes each; looking at all of them takes hours.
            guard name.utf8.count <= Self.nameLimit else {
                throw .overLimit(
                    part: "a name in \(what) (bytes)", limit: Self.nameLimit, actual: UInt64(name.utf8.count))
            }
            items.append((name, value))
        }
        return items
    }

    private func tensors(_ items: [Named]) throws(Problem) -> [StoredTensor] {
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(items.count)
        var claimed: UInt64 = 0
        for (name, value) in items {
            guard case .tensor(let index) = value else { throw .notATensor(name: name, kind: value.kind) }
            let tensor = try tensor(TensorArchive.withoutModule(name), heap.tensors[index])
            // No tensor is larger than the file, and there are fewer than 2^20: the sum fits.
            claimed += UInt64(tensor.count * tensor.elementType.byteCount)
            tensors.append(tensor)
        }
        guard claimed <= UInt64(bytes.count) * UInt64(Self.sharingLimit) else {
            throw .sharedTooOften(claimed: claimed, available: UInt64(bytes.count))
        }
        try checkStorages(items)
        return tensors
    }

    /// Compares the checksum of every storage, those of other entries included: a file with any damage is not what its
    /// author wrote. Reads the whole file once.
    private func checkStorages(_ items: [Named]) throws(Problem) {
        // A pickle can name one storage any number of times.
        var verdicts: [Range<Int>: Bool] = [:]
        var damaged: Set<Int> = []
        for (index, storage) in storages.enumerated() {
            guard let storage, let checksum = storage.checksum else { continue }
            let isSound = verdicts[storage.range] ?? (CRC32.checksum(of: numbers(of: storage)) == checksum)
            verdicts[storage.range] = isSound
            if !isSound { damaged.insert(index) }
        }
        guard !damaged.isEmpty else { return }
        let names = items.compactMap { name, value -> String? in
            guard case .tensor(let index) = value, damaged.contains(heap.tensors[index].storage) else { return nil }
            return TensorArchive.withoutModule(name)
        }
        guard names.isEmpty else { throw .checksum(of: names.sorted()) }
        throw .checksum(of: damaged.map { "storage \(heap.storages[$0].key) of another entry" }.sorted())
    }

    private func numbers(of storage: Storage) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.raw[storage.range])
    }

    private func tensor(_ name: String, _ tensor: PickleTensor) throws(Problem) -> StoredTensor {
        let storage = heap.storages[tensor.storage]
        guard let range = storages[tensor.storage]?.range else {
            throw .malformed(part: "tensor \(quoted(name))", "its storage \(quoted(storage.key)) is not in the file")
        }
        try TensorExtent.checkView(
            shape: tensor.shape, strides: tensor.strides, offset: tensor.offset, storage: storage.count, of: name)
        guard !tensor.shape.contains(0) else {
            // It reaches no element, so nothing has bounded its strides and offset.
            return StoredTensor(
                name: name, shape: tensor.shape, elementType: storage.elementType, bytes: bytes,
                byteOffset: range.lowerBound)
        }
        return StoredTensor(
            name: name, shape: tensor.shape, elementType: storage.elementType, strides: tensor.strides, bytes: bytes,
            byteOffset: range.lowerBound + tensor.offset * storage.elementType.byteCount)
    }
}

extension TensorArchive {
    /// The name without the `module` components that data-parallel training puts into it.
    static func withoutModule(_ name: String) -> String {
        guard name.contains("module") else { return name }
        return name.split(separator: ".", omittingEmptySubsequences: false).filter { $0 != "module" }
            .joined(separator: ".")
    }
}
