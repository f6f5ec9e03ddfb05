/// Pieces of JPEG and PNG files, for tests that put them together.
enum FileParts {
    static func big(_ value: Int, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * (bytes - 1 - $0))) }
    }

    /// A marker segment with its length.
    static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0xFF, marker] + big(payload.count + 2, bytes: 2) + payload
    }

    /// A JPEG with segments behind its start marker.
    static func jpeg(_ file: [UInt8], with segments: [[UInt8]]) -> [UInt8] {
        Array(file[..<2]) + segments.flatMap { $0 } + file[2...]
    }

    /// A PNG with chunks behind its IHDR.
    static func png(_ file: [UInt8], with chunks: [[UInt8]]) -> [UInt8] {
        Array(file[..<33]) + chunks.flatMap { $0 } + file[33...]
    }

    static func chunk(_ type: String, _ payload: [UInt8]) -> [UInt8] {
        let named = Array(type.utf8) + payload
        return big(payload.count, bytes: 4) + named + checksum(named[...])
    }

    /// CRC-32 of PNG 5.5, bit by bit.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return big(Int(~crc), bytes: 4)
    }

    /// A zlib stream of stored blocks (RFC 1950, RFC 1951 3.2.4), with its checksum.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: bytes.count, by: 65535) {
            let part = bytes[start..<min(start + 65535, bytes.count)]
            let count = UInt16(part.count)
            stream.append(start + 65535 >= bytes.count ? 1 : 0)
            stream += [UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)] + part
        }
        var (a, b) = (1, 0)
        for byte in bytes { (a, b) = ((a + Int(byte)) % 65521, (b + a + Int(byte)) % 65521) }
        return stream + big(b << 16 | a, bytes: 4)
    }

    /// A profile that no reader would use: its size, its space, its signature, and bytes that tell their place.
    static func profile(size: Int, space: String = "RGB ") -> [UInt8] {
        var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
        bytes.replaceSubrange(0..<4, with: big(size, bytes: 4))
        bytes.replaceSubrange(16..<20, with: space.utf8)
        bytes.replaceSubrange(36..<40, with: "acsp".utf8)
        return bytes
    }

    /// A TIFF structure whose main directory holds the orientation and a text of `textCount` bytes behind it.
    static func exif(orientation: UInt8, littleEndian: Bool, textCount: Int) -> [UInt8] {
        func number(_ value: Int, _ size: Int) -> [UInt8] {
            littleEndian ? big(value, bytes: size).reversed() : big(value, bytes: size)
        }
        let text = (0..<textCount).map { UInt8(truncatingIfNeeded: 32 + ($0 ^ $0 >> 8) % 90) }
        let head = Array((littleEndian ? "II" : "MM").utf8) + number(42, 2) + number(8, 4)
        let entries = [
            number(0x010E, 2) + number(2, 2) + number(textCount, 4) + number(38, 4),
            number(0x0112, 2) + number(3, 2) + number(1, 4) + number(Int(orientation), 2) + [0, 0],
        ]
        return head + number(2, 2) + entries.flatMap { $0 } + number(0, 4) + text
    }

    /// Where the scan header's marker stands.
    static func scan(_ jpeg: [UInt8]) -> Int {
        var at = 2
        while jpeg[at + 1] != 0xDA { at += 2 + Int(jpeg[at + 2]) << 8 + Int(jpeg[at + 3]) }
        return at
    }

    /// The payloads of the segments before the first scan that have that marker and begin so.
    static func payloads(_ jpeg: [UInt8], _ marker: UInt8, _ prefix: String) -> [[UInt8]] {
        var (result, at) = ([[UInt8]](), 2)
        while jpeg[at + 1] != 0xDA {
            let end = at + 2 + Int(jpeg[at + 2]) << 8 + Int(jpeg[at + 3])
            let payload = Array(jpeg[(at + 4)..<end])
            if jpeg[at + 1] == marker, payload.starts(with: prefix.utf8) { result.append(payload) }
            at = end
        }
        return result
    }
}
