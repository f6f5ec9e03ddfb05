/// The marker segments of a JPEG file up to its first scan (ITU-T T.81, annex B), located but not copied.
struct JPEGFile {
    /// A segment's marker (its second byte) and where its payload lies, without the length field.
    struct Segment {
        var marker: UInt8
        var payload: Range<Int>
    }

    private(set) var header: ImageHeader
    /// APP0…APP15 and COM in their order.
    private(set) var segments: [Segment] = []
    /// Behind the header of the first scan.
    private let firstScan: Int
    private let components: [UInt8]
    /// The parts of the EXIF block, in their order; joined they begin with a TIFF header. None: there is no block.
    let exif: [Range<Int>]

    /// More than any camera writes; what comes after them is left out.
    private static let maxSegments = 4096

    /// - Throws: `truncated`, `corrupt` or `unsupportedFeature`.
    init(_ bytes: RawSpan) throws(ImageError) {
        var frame: JPEGFrame?
        var tables = JPEGQuantisation()
        var offset = 2
        while true {
            let marker = try Self.nextMarker(bytes, &offset)
            switch marker {
            case 0x01, 0xD0...0xD7: continue  // TEM and RST stand alone
            case 0xD8: throw .corrupt(reason: "two start markers")
            case 0xD9: throw .corrupt(reason: "no picture before the end marker")
            default: break
            }
            guard let stated = bytes.big16(at: offset) else { throw .truncated }
            // Metadata that is shorter than its own length field is empty, as libjpeg takes it.
            let length = Self.isMetadata(marker) ? max(stated, 2) : stated
            guard length >= 2 else { throw .corrupt(reason: "segment shorter than its length field") }
            guard offset + length <= bytes.byteCount else { throw .truncated }
            let payload = offset + 2..<offset + length
            offset += length

            switch marker {
            case 0xC4, 0xC8, 0xCC: break  // DHT, JPG, DAC
            case 0xC0...0xCF:
                if frame != nil { throw .corrupt(reason: "two frame headers") }
                frame = try JPEGFrame(bytes, payload, marker: marker)
            case 0xDB: tables.read(bytes, payload)
            case 0xE0...0xEF, 0xFE:
                if segments.count < Self.maxSegments { segments.append(Segment(marker: marker, payload: payload)) }
            case 0xDA:
                guard let frame else { throw .corrupt(reason: "a scan before the frame header") }
                let scanned = Int(bytes.byte(at: payload.lowerBound) ?? 0)
                header = frame.header(isOneScan: !frame.isProgressive && scanned >= frame.components.count, tables)
                // A block of several parts is held once more while it is joined or turned; XMP also while it is read and
                // put into segments again.
                header.metadataBytes = segments.reduce(0) { $0 + ($1.marker == 0xE1 ? 4 : 2) * $1.payload.count + 64 }
                firstScan = offset
                components = frame.names
                exif = Self.exif(bytes, segments)
                header.orientation = ExifBlock(bytes.join(exif))?.orientation ?? .upright
                return
            default: break
            }
        }
    }

    /// APPn and COM.
    static func isMetadata(_ marker: UInt8) -> Bool { marker == 0xFE || (0xE0...0xEF).contains(marker) }

    /// The next marker's second byte; `offset` is then behind it. Bytes between segments are skipped, as libjpeg does.
    static func nextMarker(_ bytes: RawSpan, _ offset: inout Int) throws(ImageError) -> UInt8 {
        while true {
            while let byte = bytes.byte(at: offset), byte != 0xFF { offset += 1 }
            while bytes.byte(at: offset) == 0xFF { offset += 1 }
            guard let marker = bytes.byte(at: offset) else { throw .truncated }
            offset += 1
            if marker != 0 { return marker }
        }
    }

    /// The first block with a TIFF header. Segments of that name without one continue it: a block may be longer than a
    /// segment, and ExifTool, ImageMagick and others then write it so.
    private static func exif(_ bytes: RawSpan, _ segments: [Segment]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        for segment in segments where segment.marker == 0xE1 {
            guard bytes.extracting(segment.payload).starts(with: ExifBlock.prefix) else { continue }
            let block = ExifBlock.withoutPrefix(bytes, segment.payload)
            let begins = ExifBlock.hasHeader(bytes, block)
            if parts.isEmpty {
                if begins { parts = [block] }
            } else if begins {
                break
            } else {
                parts.append(segment.payload.dropFirst(ExifBlock.prefix.count))
            }
        }
        return parts
    }

    /// Where the scans end. A pass over the whole file.
    func scans(_ bytes: RawSpan) -> JPEGScans { JPEGScans(bytes, from: firstScan, components: components) }
}
