import Glibc

/// Where the scans of a JPEG file end (ITU-T T.81, B.2.1), found without decoding them.
///
/// What follows is none of the picture's: an end marker, a phone's trailer without one, a second picture, a video, nothing.
struct JPEGScans {
    /// Behind the last byte of entropy-coded data.
    let end: Int
    /// Whether an end marker follows, with nothing but sound segments before it.
    let hasEndMarker: Bool

    /// - Parameters:
    ///   - start: behind the header of the first scan.
    ///   - components: their names in the frame header; a scan header that has others is a trailer's.
    init(_ bytes: RawSpan, from start: Int, components: [UInt8]) {
        var end = Self.endOfData(bytes, from: start)
        var offset = end
        var hasEndMarker = false
        walk: while let marker = try? JPEGFile.nextMarker(bytes, &offset) {
            switch marker {
            case 0x01, 0xD0...0xD7: continue  // TEM and RST stand alone
            case 0xC4, 0xCC, 0xDA...0xDD, 0xE0...0xEF, 0xFE: break  // tables, SOS, DNL, DRI, APPn, COM
            default:
                hasEndMarker = marker == 0xD9
                break walk
            }
            guard let stated = bytes.big16(at: offset) else { break }
            let length = JPEGFile.isMetadata(marker) ? max(stated, 2) : stated
            guard length >= 2, offset + length <= bytes.byteCount else { break }
            let payload = offset + 2..<offset + length
            offset += length
            guard marker == 0xDA else { continue }
            guard Self.isScanHeader(bytes, payload, components) else { break }
            end = Self.endOfData(bytes, from: offset)
            offset = end
        }
        self.end = end
        self.hasEndMarker = hasEndMarker
    }

    /// The first marker behind `offset` that neither restarts nor stands for a byte of the data (B.1.1.2, B.1.1.5).
    private static func endOfData(_ bytes: RawSpan, from offset: Int) -> Int {
        bytes.withUnsafeBytes { file in
            guard let base = file.baseAddress else { return 0 }
            var at = offset
            // In bounds: memchr stays before the last byte, which the byte behind what it finds may be.
            while at < file.count - 1, let found = memchr(base + at, 0xFF, file.count - 1 - at) {
                at = base.distance(to: UnsafeRawPointer(found))
                switch file[at + 1] {
                case 0, 0xD0...0xD7: at += 2
                case 0xFF: at += 1
                default: return at
                }
            }
            return file.count
        }
    }

    /// B.2.3: as many components as it says, each of this frame.
    private static func isScanHeader(_ bytes: RawSpan, _ payload: Range<Int>, _ components: [UInt8]) -> Bool {
        guard let count = bytes.byte(at: payload.lowerBound).map(Int.init), (1...4).contains(count),
            payload.count == 4 + 2 * count
        else { return false }
        return (0..<count).allSatisfy { index in
            bytes.byte(at: payload.lowerBound + 1 + 2 * index).map(components.contains) == true
        }
    }
}
