/// What has to be known of a colour profile to carry it (ICC.1:2022 §7.2).
enum ICCProfile {
    enum Space {
        case gray, rgb, cmyk, other
    }

    /// What the profile says of its own size, at its very beginning; nil when it cannot be that of a profile.
    static func size(_ bytes: RawSpan) -> Int? {
        guard let size = bytes.big32(at: 0).map(Int.init), size >= 128 else { return nil }
        return size
    }

    /// The profile that the bytes begin with, without what follows it: some writers pad. Nil when it is not all there, is
    /// none, or speaks of inks: the pixels of a CMYK file become RGB.
    static func carried(_ bytes: [UInt8]) -> [UInt8]? {
        guard let size = size(bytes.span.bytes), size <= bytes.count else { return nil }
        let profile = size == bytes.count ? bytes : Array(bytes[..<size])
        guard let space = space(of: profile), space != .cmyk else { return nil }
        return profile
    }

    /// Nil when the bytes are not a profile.
    static func space(of profile: [UInt8]) -> Space? {
        let bytes = profile.span.bytes
        guard profile.count >= 128, bytes.big32(at: 0) == UInt32(exactly: profile.count),
            bytes.big32(at: 36) == PNGFile.name("acsp")
        else { return nil }
        switch bytes.big32(at: 16) {
        case PNGFile.name("GRAY"): return .gray
        case PNGFile.name("RGB "): return .rgb
        case PNGFile.name("CMYK"): return .cmyk
        default: return .other
        }
    }
}
