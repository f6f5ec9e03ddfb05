/// What travels with the pixels. All of it is already true for the upright picture: see ``Image/decode(_:limits:)``.
public struct Metadata: Sendable, Equatable {
    /// A PNG chunk kept as it is.
    public struct Chunk: Sendable, Equatable {
        /// The four letters, first letter in the highest byte.
        public var type: UInt32
        public var bytes: [UInt8]
    }

    /// The ICC profile.
    public var icc: [UInt8]?
    /// The TIFF structure of the EXIF block, without the `Exif\0\0` of JPEG.
    public var exif: [UInt8]?
    /// The XMP packet.
    public var xmp: [UInt8]?
    /// JPEG: parts of an XMP packet over 64 KiB, APP1 payloads. PNG has them in one piece with the packet.
    public var extendedXMP: [[UInt8]] = []
    /// JPEG: the payloads of APP13 (Photoshop resources with IPTC). PNG has no place for them.
    public var photoshop: [[UInt8]] = []
    /// JPEG comments.
    public var comments: [[UInt8]] = []
    public var density: Density?
    /// PNG: gAMA, cHRM, sRGB, cICP, mDCV, cLLI as they are. JPEG has no place for them.
    public var colourChunks: [Chunk] = []
    /// PNG: tEXt, zTXt and iTXt other than XMP, as they are. JPEG has no place for them.
    public var textChunks: [Chunk] = []

    public init() {}

    /// Without what tells about the photographer: no EXIF, XMP, IPTC, comments, texts. What decides how the pixels
    /// look stays: ICC profile, colour chunks, density.
    public var stripped: Metadata {
        var rest = Metadata()
        rest.icc = icc
        rest.colourChunks = colourChunks
        rest.density = density
        return rest
    }
}
