/// What has to be known of a colour profile to carry it (ICC.1:2022 §7.2).
enum ICCProfile {
    enum Space {
        case gray, rgb, cmyk, other
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
