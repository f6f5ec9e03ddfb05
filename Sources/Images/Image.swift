/// A decoded picture: upright pixels, and what travels with them.
public struct Image: Sendable {
    public let raster: Raster
    public var metadata: Metadata
    /// What the file said. Width and height are those of the raster.
    public let header: ImageHeader

    /// A picture made here, not read from a file.
    ///
    /// - Parameters:
    ///   - format: what ``EncodeOptions/format`` nil stands for.
    ///   - jpeg: subsampling and order of scans for JPEG.
    ///   - raster: its pixels, upright.
    ///   - metadata: what is written beside them.
    public init(
        raster: Raster, metadata: Metadata = Metadata(), format: ImageFormat = .png, jpeg: JPEGTraits? = nil
    ) {
        self.raster = raster
        self.metadata = metadata
        header = ImageHeader(
            format: format, storedWidth: raster.width, storedHeight: raster.height, bitDepth: raster.bitDepth,
            colour: raster.channels == 1 ? .gray : .rgb, hasAlpha: raster.hasAlpha, isInterlaced: false,
            orientation: .upright, jpeg: jpeg)
    }

    init(raster: Raster, metadata: Metadata, header: ImageHeader) {
        self.raster = raster
        self.metadata = metadata
        self.header = header
    }
}
