import CImageCodecs

extension Metadata {
    private static let colourTypes = ["gAMA", "cHRM", "sRGB", "cICP", "mDCV", "cLLI"].map(PNGFile.name)
    /// Bytes that are unpacked of one file's metadata. Profiles of cameras and displays have a few kilobytes,
    /// table-based ones of printers two megabytes.
    static let maxUnpacked = 4 << 20
    private static let xmpKeyword = Array("XML:com.adobe.xmp\0".utf8)

    /// What is left out on purpose: what depends on the stored sample type (bKGD, sBIT, hIST, sPLT), the time of the
    /// last change, the frames of an animation, and unknown chunks.
    init(_ file: PNGFile, _ bytes: RawSpan, watch: CodecWatch? = nil) {
        if let block = file.exif { exif = bytes.copy(block) }
        // One of each is unpacked (PNG 5.6 allows no more), sound or not: thousands would cost as many times.
        var (hasProfile, hasPacket) = (false, false)
        var left = Self.maxUnpacked
        for chunk in file.chunks {
            switch chunk.type {
            case PNGFile.name("iCCP"):
                if !hasProfile { icc = Self.profile(bytes, chunk.payload, &left) }
                hasProfile = true
            case PNGFile.name("pHYs"): density = density ?? Self.density(bytes, chunk.payload)
            case PNGFile.name("iTXt"):
                if bytes.starts(with: Self.xmpKeyword, at: chunk.payload.lowerBound) {
                    if !hasPacket { xmp = Self.packet(bytes, chunk.payload, &left, watch) }
                    hasPacket = true
                } else {
                    textChunks.append(Chunk(type: chunk.type, bytes: bytes.copy(chunk.payload)))
                }
            case PNGFile.name("tEXt"), PNGFile.name("zTXt"):
                textChunks.append(Chunk(type: chunk.type, bytes: bytes.copy(chunk.payload)))
            case let type where Self.colourTypes.contains(type):
                if !colourChunks.contains(where: { $0.type == type }) {
                    colourChunks.append(Chunk(type: type, bytes: bytes.copy(chunk.payload)))
                }
            default: break
            }
        }
        xmp = xmp.flatMap { XMPPacket.withoutAbsentParts($0) }
    }

    /// iCCP (PNG 11.3.2.3): a name, NUL, method 0, a zlib stream.
    ///
    /// The profile's own size decides whether it is whole: a stream without its checksum, or with more behind, is read.
    ///
    /// - Parameter left: bytes that may still be unpacked of this file.
    private static func profile(_ bytes: RawSpan, _ payload: Range<Int>, _ left: inout Int) -> [UInt8]? {
        guard let end = payload.firstIndex(where: { bytes.byte(at: $0) == 0 }), end + 2 <= payload.upperBound else {
            return nil
        }
        let stream = bytes.extracting(end + 2..<payload.upperBound)
        // Deflate makes at most 1032 bytes of one: a larger promise is none that the memory was reserved for.
        guard let size = Codec.inflate(stream, first: 4).flatMap({ ICCProfile.size($0.span.bytes) }),
            size <= min(left, stream.byteCount * 1032)
        else { return nil }
        left -= size
        return Codec.inflate(stream, first: size).flatMap(ICCProfile.carried)
    }

    /// iTXt (PNG 11.3.3.4): keyword, NUL, compressed or not, method, language, NUL, translated keyword, NUL, text.
    ///
    /// - Parameter left: bytes that may still be unpacked of this file.
    private static func packet(
        _ bytes: RawSpan, _ payload: Range<Int>, _ left: inout Int, _ watch: CodecWatch?
    ) -> [UInt8]? {
        let start = payload.lowerBound + xmpKeyword.count
        guard start + 2 <= payload.upperBound, let compressed = bytes.byte(at: start),
            let language = (start + 2..<payload.upperBound).first(where: { bytes.byte(at: $0) == 0 }),
            let keyword = (language + 1..<payload.upperBound).first(where: { bytes.byte(at: $0) == 0 })
        else { return nil }
        let text = keyword + 1..<payload.upperBound
        guard compressed != 0 else { return bytes.copy(text) }
        let unpacked = Codec.inflate(bytes.extracting(text), limit: left, watch: watch)
        // One that is damaged or too long has been unpacked as far as it went.
        left -= unpacked?.count ?? left
        return unpacked
    }

    private static func density(_ bytes: RawSpan, _ payload: Range<Int>) -> Density? {
        guard payload.count == 9, let x = bytes.big32(at: payload.lowerBound),
            let y = bytes.big32(at: payload.lowerBound + 4), let unit = bytes.byte(at: payload.lowerBound + 8),
            (1...0x7FFF_FFFF).contains(x), (1...0x7FFF_FFFF).contains(y), unit <= 1
        else { return nil }
        return Density(x: Int(x), y: Int(y), unit: unit == 1 ? .perMetre : .aspect)
    }

    /// Chunks between IHDR and IDAT.
    ///
    /// - Parameter channels: a PNG may hold a profile of its own colour type only (PNG 11.3.2.3).
    func pngChunks(channels: Int) -> [Chunk] {
        var result: [Chunk] = []
        var hasProfile = false
        if let icc, ICCProfile.space(of: icc) == (channels == 1 ? .gray : .rgb), let packed = Codec.deflate(icc) {
            result.append(Chunk(type: PNGFile.name("iCCP"), bytes: Array("ICC profile\0\0".utf8) + packed))
            hasProfile = true
        }
        // Not both a profile and sRGB (PNG 11.3.2.5).
        result += colourChunks.filter { !(hasProfile && $0.type == PNGFile.name("sRGB")) }
        if let density = density?.forPNG {
            var bytes = [density.x, density.y].flatMap { side in
                (0..<4).map { UInt8(truncatingIfNeeded: side >> (24 - 8 * $0)) }
            }
            bytes.append(density.unit == .perMetre ? 1 : 0)
            result.append(Chunk(type: PNGFile.name("pHYs"), bytes: bytes))
        }
        if let exif { result.append(Chunk(type: PNGFile.name("eXIf"), bytes: exif)) }
        if let xmp = xmpInOnePiece {
            result.append(Chunk(type: PNGFile.name("iTXt"), bytes: Self.xmpKeyword + [0, 0, 0, 0] + xmp))
        }
        return result + textChunks
    }

    /// With the extended part of a JPEG's packet; where that cannot be joined, without it and its name.
    private var xmpInOnePiece: [UInt8]? {
        guard let xmp, let extended = ExtendedXMP(extendedXMP, of: xmp),
            let main = XMPPacket.withoutAbsentParts(xmp)
        else { return xmp }
        return XMPPacket.joined(main, extended) ?? main
    }
}
