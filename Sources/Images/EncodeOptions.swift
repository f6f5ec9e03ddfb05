/// How a picture is written.
public struct EncodeOptions: Sendable, Equatable {
    public enum MetadataPolicy: String, Sendable, CaseIterable {
        /// Everything the format has a place for.
        case keep
        /// See ``Metadata/stripped``: the ICC profile stays, because without it colours are wrong.
        case strip
    }

    /// Nil: the format the picture came in.
    public var format: ImageFormat?
    /// JPEG, 1…100. Nil: that of the input but at least ``minimumQuality``, so that what was gained is not lost to
    /// blocks; ``qualityFromPNG`` when the input was not JPEG.
    public var quality: Int?
    public var metadata: MetadataPolicy

    public static let minimumQuality = 92
    public static let qualityFromPNG = 95

    public init(format: ImageFormat? = nil, quality: Int? = nil, metadata: MetadataPolicy = .keep) {
        self.format = format
        self.quality = quality
        self.metadata = metadata
    }
}
