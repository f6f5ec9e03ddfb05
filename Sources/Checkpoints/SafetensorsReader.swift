/// Reads the safetensors format: a little-endian 64-bit header length, the header (JSON), the numbers.
///
/// As the format demands, the tensors fill the space behind the header without overlap and without holes, and no name
/// occurs twice.
struct SafetensorsReader {
    typealias Problem = CheckpointError.Problem

    /// Of the header. The largest model here (8 sub-decoders) has about 300 KB; the format itself allows 100 MB.
    static let headerLimit = 16 << 20
    /// Of tensors, and of texts in the metadata.
    static let entryLimit = 100_000
    static let part = "safetensors header"

    private(set) var metadata: [String: String] = [:]
    private(set) var tensors: [StoredTensor] = []

    /// Whether the first bytes can be a safetensors file.
    static func recognises(_ bytes: FileBytes) -> Bool {
        bytes.count > 8 && bytes.raw[8] == UInt8(ascii: "{")
    }

    init(_ bytes: FileBytes) throws(Problem) {
        let length = try bytes.load(UInt64.self, at: 0, of: "the header's length")
        guard length <= Self.headerLimit else {
            throw .overLimit(part: Self.part, limit: Self.headerLimit, actual: length)
        }
        let header = try bytes.slice(8, Int(length), of: Self.part)
        let entries = try readHeader(header)
        try place(entries, in: bytes, behind: 8 + Int(length))
    }

    private struct Entry {
        let name: String
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
    }

    private mutating func readHeader(_ header: UnsafeRawBufferPointer) throws(Problem) -> [Entry] {
        var reader = JSONReader(header, part: Self.part)
        var entries: [Entry] = []
        var metadata: [String: String]?
        try reader.object { name, reader throws(Problem) in
            if name == "__metadata__" {
                guard metadata == nil else { throw .duplicateName(name) }
                metadata = try Self.readTexts(&reader)
            } else {
                guard entries.count < Self.entryLimit else { throw Self.tooMany("tensors") }
                entries.append(try Self.readEntry(name, &reader))
            }
        }
        try reader.end()
        self.metadata = metadata ?? [:]
        return entries
    }

    private static func tooMany(_ what: String) -> Problem {
        .overLimit(part: "\(what) in the \(part)", limit: entryLimit, actual: UInt64(entryLimit) + 1)
    }

    private static func readTexts(_ reader: inout JSONReader) throws(Problem) -> [String: String] {
        var texts: [String: String] = [:]
        try reader.object { name, reader throws(Problem) in
            guard texts.count < entryLimit else { throw tooMany("texts") }
            guard texts.updateValue(try reader.string(), forKey: name) == nil else { throw .duplicateName(name) }
        }
        return texts
    }

    private static func readEntry(_ name: String, _ reader: inout JSONReader) throws(Problem) -> Entry {
        var entry = Entry(name: name)
        try reader.object { key, reader throws(Problem) in
            switch key {
            case "dtype" where entry.type == nil: entry.type = try reader.string()
            case "shape" where entry.shape == nil:
                entry.shape = try reader.numbers(limit: TensorExtent.maximumRank)
            case "data_offsets" where entry.offsets == nil: entry.offsets = try reader.numbers(limit: 2)
            default:
                throw .malformed(part: part, "tensor \(quoted(name)): unexpected or repeated \"\(quoted(key))\"")
            }
        }
        return entry
    }

    private mutating func place(_ entries: [Entry], in bytes: FileBytes, behind header: Int) throws(Problem) {
        let available = bytes.count - header
        var ranges: [Range<Int>] = []
        for entry in entries {
            guard let typeName = entry.type, let shape = entry.shape, let offsets = entry.offsets, offsets.count == 2
            else {
                throw .malformed(
                    part: Self.part, "tensor \(quoted(entry.name)) needs dtype, shape and two data_offsets")
            }
            guard let type = ElementType(rawValue: typeName) else {
                throw .elementType(tensor: entry.name, type: typeName)
            }
            let count = try TensorExtent.count(shape, of: entry.name)
            let size = try TensorExtent.byteCount(count, type, shape: shape, of: entry.name)
            guard offsets[0] <= offsets[1] else {
                throw .malformed(part: Self.part, "tensor \(quoted(entry.name)) ends before it begins")
            }
            guard offsets[1] - offsets[0] == size else {
                throw .byteCount(
                    of: entry.name, expected: UInt64(size), actual: UInt64(offsets[1] - offsets[0]))
            }
            guard offsets[1] <= available else {
                throw .truncated(
                    part: "tensor \(quoted(entry.name))", needed: UInt64(offsets[1]), available: UInt64(available))
            }
            ranges.append(offsets[0]..<offsets[1])
            tensors.append(
                StoredTensor(
                    name: entry.name, shape: shape, elementType: type, bytes: bytes, byteOffset: header + offsets[0]))
        }
        try Self.checkCover(ranges, available: available)
    }

    /// Sorted, each range begins where the one before ends, and the last one ends with the file.
    private static func checkCover(_ ranges: [Range<Int>], available: Int) throws(Problem) {
        var end = 0
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard range.lowerBound == end else {
                let what = range.lowerBound < end ? "tensors overlap" : "no tensor covers the bytes"
                throw .malformed(part: "safetensors data", "\(what) at \(min(range.lowerBound, end))")
            }
            end = range.upperBound
        }
        guard end == available else {
            throw .malformed(part: "safetensors data", "\(available - end) bytes behind the last tensor")
        }
    }
}
