import CImageCodecs

extension Image {
    /// Writes the picture as a file, with the same bytes for the same picture and options.
    ///
    /// PNG: 8 or 16 bit, gray or RGB, with alpha, lossless. JPEG: 16 bit is rounded to 8 and alpha is laid over white,
    /// because JPEG has neither; chroma subsampling and progressive order are those of a JPEG input, else 4:4:4 in one
    /// scan. What the other format has no place for is left out (see ``Metadata``).
    /// - Throws: `unsupportedFeature` (JPEG with a side over 65500 pixels) or `outOfMemory`.
    public func encode(_ options: EncodeOptions = EncodeOptions()) throws(ImageError) -> [UInt8] {
        try encoded(options).bytes
    }

    /// Like ``encode(_:)``, in the codec's own memory.
    ///
    /// - Parameters:
    ///   - watch: ends it early.
    ///   - options: format, quality and metadata.
    public func encoded(
        _ options: EncodeOptions = EncodeOptions(), watch: CodecWatch? = nil
    ) throws(ImageError) -> EncodedImage {
        let kept = options.metadata == .keep ? metadata : metadata.stripped
        var source = raster.description
        switch options.format ?? header.format {
        case .png:
            return try Codec.withSegmentsCollecting(kept.pngChunks(channels: raster.channels)) { segments, buffer in
                image_png_encode(&source, segments.baseAddress, segments.count, &buffer, watch?.watch)
            }
        case .jpeg:
            var settings = jpegOptions(options.quality, kept.density?.forJPEG)
            return try Codec.withSegmentsCollecting(kept.jpegSegments) { segments, buffer in
                image_jpeg_encode(
                    &source, &settings, segments.baseAddress, segments.count, &buffer, watch?.watch)
            }
        }
    }

    /// The quality that ``encode(_:)`` takes when none is given.
    public var defaultQuality: Int {
        guard header.format == .jpeg else { return EncodeOptions.qualityFromPNG }
        return max(EncodeOptions.minimumQuality, header.jpeg?.quality ?? 0)
    }

    private func jpegOptions(_ quality: Int?, _ density: Density?) -> image_jpeg_options {
        let stored = header.jpeg?.subsampling ?? .none
        let subsampling = header.orientation.swapsSides ? stored.transposed : stored
        let density = density ?? Density(x: 1, y: 1, unit: .aspect)
        return image_jpeg_options(
            quality: Int32(min(max(quality ?? defaultQuality, 1), 100)), horizontal: Int32(subsampling.horizontal),
            vertical: Int32(subsampling.vertical), progressive: header.jpeg?.isProgressive == true ? 1 : 0,
            density_unit: Int32(density.unit.rawValue), density_x: Int32(density.x), density_y: Int32(density.y))
    }
}
