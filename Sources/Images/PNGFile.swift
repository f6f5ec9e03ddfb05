import CImageCodecs

/// The chunks of a PNG file (PNG 5.3), located but not copied.
struct PNGFile {
    struct Chunk {
        /// Four letters, the first in the highest byte.
        var type: UInt32
        var payload: Range<Int>
    }

    private(set) var header: ImageHeader
    /// All but IHDR, PLTE, IDAT and IEND, each with a correct checksum, in their order. A profile may have a wrong one: it
    /// says by itself whether it is whole.
    private(set) var chunks: [Chunk] = []
    /// The EXIF block, from its TIFF header on; nil when there is none.
    private(set) var exif: Range<Int>?

    /// What comes after as many chunks is left out.
    private static let maxChunks = 4096

    /// - Throws: `truncated`, `corrupt` or `unsupportedFeature`.
    init(_ bytes: RawSpan) throws(ImageError) {
        guard let length = bytes.big32(at: 8), let type = bytes.big32(at: 12) else { throw .truncated }
        if type == Self.name("CgBI") { throw .unsupportedFeature("Apple's CgBI variant of PNG") }
        guard type == Self.name("IHDR"), length == 13 else { throw .corrupt(reason: "no IHDR chunk first") }
        header = try Self.header(bytes)
        try locate(bytes, from: 33)
        // EXIF and XMP are held more often: as they were, while they are read, and as they become.
        let texts = [Self.name("eXIf"), Self.name("iTXt")]
        header.metadataBytes = chunks.reduce(0) { $0 + (texts.contains($1.type) ? 3 : 1) * $1.payload.count + 64 }
        for type in [Self.name("iCCP"), Self.name("iTXt")] {
            // One of each may be unpacked: deflate makes at most 1032 bytes of one, held once more when handed out.
            let longest = chunks.filter { $0.type == type }.map(\.payload.count).max() ?? 0
            header.metadataBytes += min(longest * 1032, Metadata.maxUnpacked + 65536) * 3
        }
        for chunk in chunks where chunk.type == Self.name("eXIf") {
            let block = ExifBlock.withoutPrefix(bytes, chunk.payload)
            guard ExifBlock.hasHeader(bytes, block) else { continue }
            exif = block
            header.orientation = ExifBlock(bytes.copy(block))?.orientation ?? .upright
            break
        }
    }

    /// `IHDR` as a number.
    static func name(_ letters: StaticString) -> UInt32 {
        letters.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// PNG 11.2.1.
    private static func header(_ bytes: RawSpan) throws(ImageError) -> ImageHeader {
        guard bytes.byteCount >= 33, let width = bytes.big32(at: 16), let height = bytes.big32(at: 20),
            let depth = bytes.byte(at: 24), let kind = bytes.byte(at: 25), let interlace = bytes.byte(at: 28)
        else { throw .truncated }
        guard checksumIsRight(bytes, 16..<29) else { throw .corrupt(reason: "IHDR checksum") }
        guard (1...0x7FFF_FFFF).contains(width), (1...0x7FFF_FFFF).contains(height) else {
            throw .corrupt(reason: "no rows or columns")
        }
        let depths: [UInt8]
        switch kind {
        case 0: depths = [1, 2, 4, 8, 16]
        case 3: depths = [1, 2, 4, 8]
        case 2, 4, 6: depths = [8, 16]
        default: throw .corrupt(reason: "colour type")
        }
        guard depths.contains(depth), bytes.byte(at: 26) == 0, bytes.byte(at: 27) == 0, interlace <= 1 else {
            throw .corrupt(reason: "IHDR fields")
        }
        return ImageHeader(
            format: .png, storedWidth: Int(width), storedHeight: Int(height), bitDepth: Int(depth),
            colour: kind == 3 ? .palette : kind & 2 == 0 ? .gray : .rgb, hasAlpha: kind & 4 != 0,
            isInterlaced: interlace == 1, orientation: .upright, jpeg: nil)
    }

    /// Walks over the chunks. A file that ends after its pixels have begun is left to the decoder, which says so.
    private mutating func locate(_ bytes: RawSpan, from start: Int) throws(ImageError) {
        var offset = start
        var paletteEntries: Int?
        var hasPixels = false
        while let length = bytes.big32(at: offset), let type = bytes.big32(at: offset + 4) {
            if type == Self.name("IDAT") { hasPixels = true }
            let payload = offset + 8..<offset + 8 + Int(length)
            guard payload.upperBound + 4 <= bytes.byteCount else { break }
            offset = payload.upperBound + 4
            switch type {
            case Self.name("IDAT"): break
            case Self.name("IEND"): return
            case Self.name("PLTE"): paletteEntries = payload.count / 3
            default:
                guard chunks.count < Self.maxChunks,
                    type == Self.name("iCCP") || Self.checksumIsRight(bytes, payload)
                else { continue }
                chunks.append(Chunk(type: type, payload: payload))
                if type == Self.name("tRNS"), !hasPixels { noteTransparency(payload.count, paletteEntries) }
            }
        }
        if !hasPixels { throw .truncated }
    }

    /// tRNS (PNG 11.3.1.1) counts when it is sound; libpng leaves out any other.
    private mutating func noteTransparency(_ bytes: Int, _ paletteEntries: Int?) {
        switch header.colour {
        case .gray where !header.hasAlpha: header.hasAlpha = bytes == 2
        case .rgb where !header.hasAlpha: header.hasAlpha = bytes == 6
        case .palette:
            if let paletteEntries, bytes >= 1, bytes <= paletteEntries { header.hasAlpha = true }
        default: break
        }
    }

    private static func checksumIsRight(_ bytes: RawSpan, _ payload: Range<Int>) -> Bool {
        // The checksum covers the type too.
        let sum = bytes.extracting(payload.lowerBound - 4..<payload.upperBound).withUnsafeBytes {
            image_crc32($0.bindMemory(to: UInt8.self).baseAddress, $0.count)
        }
        return bytes.big32(at: payload.upperBound) == sum
    }
}
