extension Metadata {
    static let xmpPrefix = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    static let extendedXMPPrefix = Array("http://ns.adobe.com/xmp/extension/\0".utf8)
    static let iccPrefix = Array("ICC_PROFILE\0".utf8)
    static let photoshopPrefix = Array("Photoshop 3.0\0".utf8)

    /// Bytes of a segment behind its length field.
    static let maxSegment = 65533

    /// What is left out on purpose: thumbnails of JFIF, the index of further pictures in the file (MPF), and content
    /// credentials (APP11), whose signature no longer holds.
    init(_ file: JPEGFile, _ bytes: RawSpan) {
        var profile: [Int: Range<Int>] = [:]
        var profileParts = 0
        for segment in file.segments {
            let range = segment.payload
            func rest(_ prefix: [UInt8]) -> Range<Int>? {
                range.count >= prefix.count && bytes.starts(with: prefix, at: range.lowerBound)
                    ? range.lowerBound + prefix.count..<range.upperBound : nil
            }
            switch segment.marker {
            case 0xE0: density = density ?? Self.density(bytes, range)
            case 0xE1:
                if let block = rest(JPEGFile.exifPrefix) {
                    exif = exif ?? bytes.copy(block)
                } else if let packet = rest(Self.xmpPrefix) {
                    xmp = xmp ?? bytes.copy(packet)
                } else if rest(Self.extendedXMPPrefix) != nil {
                    extendedXMP.append(bytes.copy(range))
                }
            case 0xE2:
                // Two bytes behind the name: number from 1, and how many there are (ICC.1:2022 B.4).
                if let part = rest(Self.iccPrefix), part.count > 2, let number = bytes.byte(at: part.lowerBound),
                    let count = bytes.byte(at: part.lowerBound + 1)
                {
                    profile[Int(number)] = part.lowerBound + 2..<part.upperBound
                    profileParts = max(profileParts, Int(count))
                }
            case 0xED: if rest(Self.photoshopPrefix) != nil { photoshop.append(bytes.copy(range)) }
            case 0xFE: comments.append(bytes.copy(range))
            default: break
            }
        }
        if profileParts > 0 {
            let parts = (1...profileParts).compactMap { profile[$0] }
            let joined = parts.flatMap { bytes.copy($0) }
            // The pixels of a CMYK file become RGB: its profile says nothing about them.
            if parts.count == profileParts, let space = ICCProfile.space(of: joined), space != .cmyk { icc = joined }
        }
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

    /// APPn and COM segments, in the order in which readers expect them. What is too large for a segment is left out.
    var jpegSegments: [Chunk] {
        var result: [Chunk] = []
        func add(_ marker: UInt32, _ bytes: [UInt8]) {
            if bytes.count <= Self.maxSegment { result.append(Chunk(type: marker, bytes: bytes)) }
        }
        if let exif { add(0xE1, JPEGFile.exifPrefix + exif) }
        if let xmp { add(0xE1, Self.xmpPrefix + xmp) }
        extendedXMP.forEach { add(0xE1, $0) }
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
