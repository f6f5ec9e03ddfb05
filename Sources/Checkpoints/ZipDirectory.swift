/// The members of a zip archive that are stored as they are, as PyTorch writes them (PKWARE APPNOTE 6.3.10).
///
/// Read off the central directory: local headers may leave sizes to a data descriptor behind the data, and pad their
/// extra field so that the data is aligned.
struct ZipDirectory {
    typealias Problem = CheckpointError.Problem

    /// Of members; the largest model here has about 2,000.
    static let memberLimit = 100_000
    private static let part = "zip directory"

    /// What an archive says of a member.
    struct Member {
        /// Where its data lies in the file.
        let range: Range<Int>
        /// CRC-32 of the data; nil in an archive without checksums.
        fileprivate(set) var checksum: UInt32?
    }

    private(set) var members: [String: Member] = [:]

    static func recognises(_ bytes: FileBytes) -> Bool {
        bytes.raw.starts(with: [0x50, 0x4b, 0x03, 0x04]) || bytes.raw.starts(with: [0x50, 0x4b, 0x05, 0x06])
    }

    init(_ bytes: FileBytes) throws(Problem) {
        let end = try Self.findEnd(bytes)
        let directory = try Self.locateDirectory(bytes, end: end)
        guard directory.members <= Self.memberLimit else {
            throw .overLimit(part: "members of the zip archive", limit: Self.memberLimit, actual: directory.members)
        }
        var position = directory.start
        var ranges: [Range<Int>] = []
        for _ in 0..<Int(directory.members) {
            let entry = try Entry(bytes, at: position, directoryEnd: directory.end)
            position += entry.length
            let range = try entry.locateData(bytes, before: directory.start)
            let member = Member(range: range, checksum: entry.checksum)
            guard members.updateValue(member, forKey: entry.name) == nil else { throw .duplicateName(entry.name) }
            ranges.append(entry.localOffset..<range.upperBound)
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        for (first, second) in zip(ranges, ranges.dropFirst()) where first.upperBound > second.lowerBound {
            throw .malformed(part: Self.part, "members overlap at byte \(second.lowerBound)")
        }
        // torch.serialization.set_crc32_options(False) leaves a 0 in every entry.
        if members.values.allSatisfy({ $0.checksum == 0 }) {
            for name in members.keys { members[name]?.checksum = nil }
        }
    }

    // MARK: The end (4.3.14 to 4.3.16)

    /// The end record lies in the last 22 bytes, or before a comment of at most 65,535.
    private static func findEnd(_ bytes: FileBytes) throws(Problem) -> Int {
        let last = bytes.count - 22
        let first = max(0, last - 65_535)
        guard last >= 0 else {
            throw .truncated(part: part, needed: 22, available: UInt64(bytes.count))
        }
        for position in stride(from: last, through: first, by: -1) where bytes.raw[position] == 0x50 {
            guard try bytes.load(UInt32.self, at: position, of: part) == 0x0605_4b50 else { continue }
            let comment = Int(try bytes.load(UInt16.self, at: position + 20, of: part))
            if position + 22 + comment == bytes.count { return position }
        }
        throw .malformed(part: part, "there is none at the end: the file is cut off")
    }

    private struct Location {
        let start: Int
        let end: Int
        let members: UInt64
    }

    private static func locateDirectory(_ bytes: FileBytes, end: Int) throws(Problem) -> Location {
        var members = UInt64(try bytes.load(UInt16.self, at: end + 10, of: part))
        var size = UInt64(try bytes.load(UInt32.self, at: end + 12, of: part))
        var start = UInt64(try bytes.load(UInt32.self, at: end + 16, of: part))
        var limit = end
        if members == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff {
            // Zip64: a locator of 20 bytes stands in front and says where the wider record is.
            let locator = end - 20
            guard locator >= 0, try bytes.load(UInt32.self, at: locator, of: part) == 0x0706_4b50 else {
                throw .malformed(part: part, "its zip64 locator is missing")
            }
            let record = try bytes.load(UInt64.self, at: locator + 8, of: part)
            guard locator >= 56, record <= UInt64(locator - 56),
                try bytes.load(UInt32.self, at: Int(record), of: part) == 0x0606_4b50
            else { throw .malformed(part: part, "its zip64 record is missing") }
            members = try bytes.load(UInt64.self, at: Int(record) + 32, of: part)
            size = try bytes.load(UInt64.self, at: Int(record) + 40, of: part)
            start = try bytes.load(UInt64.self, at: Int(record) + 48, of: part)
            limit = Int(record)
        }
        guard start <= UInt64(limit), size <= UInt64(limit) - start else {
            throw .malformed(part: part, "it lies outside the file")
        }
        return Location(start: Int(start), end: Int(start + size), members: members)
    }

    // MARK: Members

    /// A central file header (4.3.12).
    private struct Entry {
        let name: String
        let length: Int
        let localOffset: Int
        let checksum: UInt32
        private let size: Int

        init(_ bytes: FileBytes, at position: Int, directoryEnd: Int) throws(Problem) {
            guard position <= directoryEnd - 46, try bytes.load(UInt32.self, at: position, of: part) == 0x0201_4b50
            else { throw .malformed(part: part, "no entry at byte \(position)") }
            let flags = try bytes.load(UInt16.self, at: position + 8, of: part)
            let method = try bytes.load(UInt16.self, at: position + 10, of: part)
            checksum = try bytes.load(UInt32.self, at: position + 16, of: part)
            let nameLength = Int(try bytes.load(UInt16.self, at: position + 28, of: part))
            let extraLength = Int(try bytes.load(UInt16.self, at: position + 30, of: part))
            let commentLength = Int(try bytes.load(UInt16.self, at: position + 32, of: part))
            length = 46 + nameLength + extraLength + commentLength
            guard position <= directoryEnd - length else {
                throw .malformed(part: part, "an entry at byte \(position) is cut off")
            }
            name = try bytes.text(position + 46, nameLength, of: "a zip member's name")
            let member = "zip member \(quoted(name))"
            guard flags & 1 == 0 else { throw .unsupported(part: member, "encrypted") }
            guard method == 0 else {
                throw .unsupported(part: member, "compressed (method \(method)); PyTorch stores members as they are")
            }

            var wide = WideSizes(
                size: UInt64(try bytes.load(UInt32.self, at: position + 24, of: part)),
                compressedSize: UInt64(try bytes.load(UInt32.self, at: position + 20, of: part)),
                offset: UInt64(try bytes.load(UInt32.self, at: position + 42, of: part)))
            try wide.widen(bytes, at: position + 46 + nameLength, length: extraLength, of: member)
            guard wide.size == wide.compressedSize else {
                throw .malformed(part: member, "stored, but its two sizes differ")
            }
            guard wide.size <= UInt64(bytes.count), wide.offset <= UInt64(bytes.count) else {
                throw .truncated(part: member, needed: max(wide.size, wide.offset), available: UInt64(bytes.count))
            }
            size = Int(wide.size)
            localOffset = Int(wide.offset)
        }

        /// Where the data is, behind the local header (4.3.7), whose name and extra field have lengths of their own.
        func locateData(_ bytes: FileBytes, before limit: Int) throws(Problem) -> Range<Int> {
            let member = "zip member \(quoted(name))"
            guard try bytes.load(UInt32.self, at: localOffset, of: member) == 0x0403_4b50 else {
                throw .malformed(part: member, "no local header at byte \(localOffset)")
            }
            let nameLength = Int(try bytes.load(UInt16.self, at: localOffset + 26, of: member))
            let extraLength = Int(try bytes.load(UInt16.self, at: localOffset + 28, of: member))
            guard try bytes.text(localOffset + 30, nameLength, of: member) == name else {
                throw .malformed(part: member, "its local header has another name")
            }
            let start = localOffset + 30 + nameLength + extraLength
            guard start <= limit, size <= limit - start else {
                throw .truncated(part: member, needed: UInt64(size), available: UInt64(max(0, limit - start)))
            }
            return start..<start + size
        }
    }

    /// Sizes of a central header, of which those that are all ones stand in its zip64 extra field (4.5.3), in this
    /// order.
    private struct WideSizes {
        var size: UInt64
        var compressedSize: UInt64
        var offset: UInt64

        mutating func widen(_ bytes: FileBytes, at start: Int, length: Int, of member: String) throws(Problem) {
            let narrow: UInt64 = 0xffff_ffff
            guard size == narrow || compressedSize == narrow || offset == narrow else { return }
            var position = start
            let end = start + length
            while position + 4 <= end {
                let id = try bytes.load(UInt16.self, at: position, of: member)
                let fieldLength = Int(try bytes.load(UInt16.self, at: position + 2, of: member))
                let fieldEnd = position + 4 + fieldLength
                guard fieldEnd <= end else { break }
                position += 4
                guard id == 1 else {
                    position = fieldEnd
                    continue
                }
                func next() throws(Problem) -> UInt64 {
                    guard position + 8 <= fieldEnd else { throw .malformed(part: member, "its zip64 field is short") }
                    defer { position += 8 }
                    return try bytes.load(UInt64.self, at: position, of: member)
                }
                if size == narrow { size = try next() }
                if compressedSize == narrow { compressedSize = try next() }
                if offset == narrow { offset = try next() }
                return
            }
            throw .malformed(part: member, "its zip64 field is missing")
        }
    }
}
