/// Writes zip archives as PyTorch does: stored, data aligned to 64 bytes by padding in the local extra field, sizes in
/// the local headers left to the directory.
struct ZipBuilder {
    struct Member {
        var name: String
        var data: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0x808
        /// The data in the file has this bit turned over, counted from its first byte's lowest.
        var damagedBit: Int?
        /// What the directory says instead of the true size.
        var claimedSize: UInt64?
        var localName: String?
    }

    var members: [Member] = []
    var useZip64 = false
    /// False as with `torch.serialization.set_crc32_options(False)`: a 0 stands in every entry.
    var hasChecksums = true
    var comment: [UInt8] = []

    /// CRC-32, bit by bit as its definition reads (ISO 3309).
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var remainder = UInt32.max
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        return ~remainder
    }

    mutating func add(_ name: String, _ data: [UInt8]) { members.append(Member(name: name, data: data)) }

    func build() -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let offset = bytes.count
            let local = Array((member.localName ?? member.name).utf8)
            let padding = (64 - (offset + 30 + local.count + 4) % 64) % 64
            bytes += littleEndian(UInt32(0x0403_4b50)) + littleEndian(UInt16(0)) + littleEndian(member.flags)
            bytes += littleEndian(member.method) + [UInt8](repeating: 0, count: 16)
            bytes += littleEndian(UInt16(local.count)) + littleEndian(UInt16(4 + padding)) + local
            bytes += [0x46, 0x42] + littleEndian(UInt16(padding)) + [UInt8](repeating: 0x5a, count: padding)
            var data = member.data
            if let bit = member.damagedBit { data[bit / 8] ^= 1 << UInt8(bit % 8) }
            bytes += data

            let name = Array(member.name.utf8)
            let size = member.claimedSize ?? UInt64(member.data.count)
            let wide =
                useZip64
                ? littleEndian(UInt16(1)) + littleEndian(UInt16(24)) + littleEndian(size)
                    + littleEndian(size) + littleEndian(UInt64(offset)) : []
            let narrow = useZip64 ? littleEndian(UInt32.max) : littleEndian(UInt32(truncatingIfNeeded: size))
            directory += littleEndian(UInt32(0x0201_4b50)) + [UInt8](repeating: 0, count: 4)
            directory += littleEndian(member.flags) + littleEndian(member.method)
            directory += [0, 0, 0, 0] + littleEndian(hasChecksums ? Self.checksum(member.data) : 0)
            directory += narrow + narrow + littleEndian(UInt16(name.count)) + littleEndian(UInt16(wide.count))
            directory += [UInt8](repeating: 0, count: 10)
            directory += (useZip64 ? littleEndian(UInt32.max) : littleEndian(UInt32(offset))) + name + wide
        }
        let start = bytes.count
        bytes += directory
        if useZip64 {
            let record = bytes.count
            bytes += littleEndian(UInt32(0x0606_4b50)) + littleEndian(UInt64(44)) + [UInt8](repeating: 0, count: 12)
            bytes += littleEndian(UInt64(members.count)) + littleEndian(UInt64(members.count))
            bytes += littleEndian(UInt64(directory.count)) + littleEndian(UInt64(start))
            bytes += littleEndian(UInt32(0x0706_4b50)) + littleEndian(UInt32(0)) + littleEndian(UInt64(record))
            bytes += littleEndian(UInt32(1))
        }
        let count = useZip64 ? UInt16.max : UInt16(members.count)
        bytes += littleEndian(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + littleEndian(count) + littleEndian(count)
        bytes += useZip64 ? littleEndian(UInt32.max) : littleEndian(UInt32(directory.count))
        bytes += useZip64 ? littleEndian(UInt32.max) : littleEndian(UInt32(start))
        return bytes + littleEndian(UInt16(comment.count)) + comment
    }
}
