/// What a file says about its picture, read without decoding a pixel.
public struct ImageHeader: Sendable, Equatable {
    /// How colour is stored.
    public enum Colour: String, Sendable {
        case gray, rgb, palette, cmyk
    }

    public var format: ImageFormat
    /// Columns and rows as stored, before the orientation is applied; 1 … 2³¹−1.
    public var storedWidth: Int
    public var storedHeight: Int
    /// Bits per stored sample (PNG: 1, 2, 4, 8, 16; JPEG: 8). Palettes: bits of the index.
    public var bitDepth: Int
    public var colour: Colour
    /// An alpha channel or a transparent colour (tRNS).
    public var hasAlpha: Bool
    /// Adam7, or a progressive JPEG.
    public var isInterlaced: Bool
    /// As the EXIF block says; upright when there is none or it is not sound.
    public var orientation: Orientation
    /// What only JPEG has; nil for PNG.
    public var jpeg: JPEGTraits?
    /// Bytes of the metadata once they are copied and unpacked; at least.
    var metadataBytes = 0

    /// Columns of the upright picture.
    public var width: Int { orientation.swapsSides ? storedHeight : storedWidth }
    /// Rows of the upright picture.
    public var height: Int { orientation.swapsSides ? storedWidth : storedHeight }
    /// 1 for gray, else 3; alpha is apart.
    public var channels: Int { colour == .gray ? 1 : 3 }
    /// Bits of a decoded sample: 8 or 16.
    public var decodedBitDepth: Int { bitDepth == 16 ? 16 : 8 }

    /// Reads the header.
    ///
    /// Metadata that is not sound is skipped here as it is when decoding; what decoding the pixels needs is checked.
    /// - Throws: `unsupportedFormat`, `unsupportedFeature`, `truncated` (the data ends before the pixels begin) or
    ///   `corrupt`.
    public static func read(_ bytes: RawSpan) throws(ImageError) -> ImageHeader {
        switch ImageFormat.sniff(bytes) {
        case .jpeg: try JPEGFile(bytes).header
        case .png: try PNGFile(bytes).header
        case nil: throw .unsupportedFormat
        }
    }

    /// Like ``read(_:)-(RawSpan)``.
    public static func read(_ bytes: [UInt8]) throws(ImageError) -> ImageHeader { try read(bytes.span.bytes) }
}
