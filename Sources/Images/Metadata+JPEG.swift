extension Metadata {
    static let xmpPrefix = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    static let iccPrefix = Array("ICC_PROFILE\0".utf8)
    static let photoshopPrefix = Array("Photoshop 3.0\0".utf8)

    /// Bytes of a segment behind its length field.
    static let maxSegment = 65533

    /// What is left out on purpose: thumbnails of JFIF, the index of further pictures in the file (MPF), and content
    /// credentials (APP11), whose signature no longer holds.
    init(_ file: JPEGFile, _ bytes: RawSpan) {
        var profile: [(number: UInt8, bytes: Range<Int>)] = []
        if !file.exif.isEmpty { exif = bytes.join(file.exif) }
        for segment in file.segments {
            let range = segment.payload
            func rest(_ prefix: [UInt8]) -> Range<Int>? {
                range.count >= prefix.count && bytes.starts(with: prefix, at: range.lowerBound)
                    ? range.lowerBound + prefix.count..<range.upperBound : nil
            }
            switch segment.marker {
            case 0xE0: density = density ?? Self.density(bytes, range)
            case 0xE1:
                if let packet = rest(Self.xmpPrefix) {
                    xmp = xmp ?? bytes.copy(packet)
                } else if rest(ExtendedXMP.prefix) != nil {
                    extendedXMP.append(bytes.copy(range))
                }
            case 0xE2:
                // Two bytes behind the name: number from 1, and how many there are (ICC.1:2022 B.4).
                if let part = rest(Self.iccPrefix), part.count > 2, let number = bytes.byte(at: part.lowerBound) {
                    profile.append((number, part.dropFirst(2)))
                }
            case 0xED: if rest(Self.photoshopPrefix) != nil { photoshop.append(bytes.copy(range)) }
            case 0xFE: comments.append(bytes.copy(range))
            default: break
            }
        }
        icc = Self.profile(bytes, profile)
        leaveOutAbsentParts()
    }

    /// What XMP says of parts that are not carried; the extended part where it is not all there, or nothing names it.
    private mutating func leaveOutAbsentParts() {
        guard let packet = xmp else {
            extendedXMP = []
            return
        }
        let extended = ExtendedXMP(extendedXMP, of: packet)
        let kept = extended.flatMap { XMPPacket.withoutAbsentParts($0.content) }
        xmp = XMPPacket.withoutAbsentParts(packet, isExtended: kept != nil)
        guard xmp != nil, let extended, let kept else {
            extendedXMP = []
            return
        }
        guard kept != extended.content else { return }
        // Its digest is another one now, of as many digits.
        if let renewed = ExtendedXMP(kept), let name = ExtendedXMP.name(in: xmp ?? []) {
            xmp?.replaceSubrange(name, with: renewed.digest)
            extendedXMP = renewed.segments
        } else {
            extendedXMP = []
        }
    }

    /// The parts in the order of their numbers, one of each; if that is no profile, as they come: some writers number
    /// wrongly. The profile's own size says whether it is whole, not the count in the parts.
    private static func profile(_ bytes: RawSpan, _ parts: [(number: UInt8, bytes: Range<Int>)]) -> [UInt8]? {
        var numbered: [UInt8: Range<Int>] = [:]
        for part in parts where numbered[part.number] == nil { numbered[part.number] = part.bytes }
        let inOrder = numbered.sorted { $0.key < $1.key }.map(\.value)
        return ICCProfile.carried(bytes.join(inOrder)) ?? ICCProfile.carried(bytes.join(parts.map(\.bytes)))
    }

    /// JFIF 1.02, page 5.
    private static func density(_ bytes: RawSpan, _ range: Range<Int>) -> Density? {
        let start = range.lowerBound
        guard range.count >= 12, bytes.starts(with: Array("JFIF\0".utf8), at: start),
            let unit = bytes.byte(at: start + 7).flatMap({ Density.Unit(rawValue: Int($0)) }), unit != .perMetre,
            let x = bytes.big16(at: start + 8), let y = bytes.big16(at: start + 10), x > 0, y > 0
        else { return nil }
        return Density(x: x, y: y, unit: unit)
    }

    /// APPn and COM segments, in the order in which readers expect them. EXIF, XMP and ICC go on in further segments; what else
    /// is too large for one is left out.
    var jpegSegments: [Chunk] {
        var result: [Chunk] = []
        func add(_ marker: UInt32, _ bytes: [UInt8]) {
            if bytes.count <= Self.maxSegment { result.append(Chunk(type: marker, bytes: bytes)) }
        }
        if let exif {
            let size = Self.maxSegment - ExifBlock.prefix.count
            for start in stride(from: 0, to: exif.count, by: size) {
                add(0xE1, ExifBlock.prefix + exif[start..<min(start + size, exif.count)])
            }
        }
        if let xmp {
            if Self.xmpPrefix.count + xmp.count <= Self.maxSegment {
                add(0xE1, Self.xmpPrefix + xmp)
                extendedXMP.forEach { add(0xE1, $0) }
            } else if let extended = ExtendedXMP(xmp) {
                add(0xE1, Self.xmpPrefix + extended.mainPacket)
                extended.segments.forEach { add(0xE1, $0) }
            }
        }
        if let icc {
            let size = Self.maxSegment - Self.iccPrefix.count - 2
            let count = (icc.count + size - 1) / size
            for index in 0..<(count <= 255 ? count : 0) {
                let part = icc[index * size..<min((index + 1) * size, icc.count)]
                add(0xE2, Self.iccPrefix + [UInt8(index + 1), UInt8(count)] + part)
            }
        }
        photoshop.forEach { add(0xED, $0) }
        comments.forEach { add(0xFE, $0) }
        return result
    }
}
