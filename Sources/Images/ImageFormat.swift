/// The formats that are read and written.
public enum ImageFormat: String, Sendable, CaseIterable {
    case jpeg
    case png

    /// The format by the first bytes (signatures of ITU-T T.81 B.1.1.3 and PNG 5.2); nil when it is neither.
    ///
    /// Three bytes are enough for JPEG and eight for PNG; a name or a Content-Type is never asked.
    public static func sniff(_ bytes: RawSpan) -> ImageFormat? {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        return nil
    }

    /// Like ``sniff(_:)-(RawSpan)``.
    public static func sniff(_ bytes: [UInt8]) -> ImageFormat? { sniff(bytes.span.bytes) }

    /// `image/jpeg` or `image/png`.
    public var mediaType: String { "image/\(rawValue)" }
}
