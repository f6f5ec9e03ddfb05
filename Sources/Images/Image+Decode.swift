import CImageCodecs

extension Image {
    /// Decodes a JPEG or PNG file.
    ///
    /// The pixels come upright: the orientation of the EXIF block is applied, and EXIF, XMP, density and chroma
    /// subsampling are made true for the turned picture. XMP's own orientation alone turns nothing: no browser
    /// applies it, and it stays as it is.
    ///
    /// Gray stays one channel, palettes and low depths are expanded to 8 bit, 16 bit stays. CMYK becomes RGB by ink on
    /// white, without its profile: colours are about right, not proofed. Of an animated PNG the still picture is read;
    /// further pictures behind a JPEG's end are not.
    ///
    /// Damage to the pixels is an error, also where libjpeg would go on with gray. Once all of them are there, it does not
    /// matter what follows: no end marker, a phone's trailer, nothing.
    /// - Parameters:
    ///   - watch: ends it early.
    ///   - bytes: the whole file.
    ///   - limits: what is refused before any pixel is decoded.
    /// - Throws: any ``ImageError``.
    public static func decode(
        _ bytes: RawSpan, limits: ImageLimits = ImageLimits(), watch: CodecWatch? = nil
    ) throws(ImageError) -> Image {
        switch ImageFormat.sniff(bytes) {
        case .jpeg:
            let file = try JPEGFile(bytes)
            try limits.check(file.header)
            let metadata = Metadata(file, bytes)
            let raster = try Raster(for: file.header)
            try Codec.check(raster.fill(file, bytes, limits, watch))
            return Image(raster, metadata, file.header)
        case .png:
            let file = try PNGFile(bytes)
            try limits.check(file.header)
            let metadata = Metadata(file, bytes, watch: watch)
            let raster = try Raster(for: file.header)
            try Codec.check(raster.fill(file, bytes, watch))
            return Image(raster, metadata, file.header)
        case nil: throw .unsupportedFormat
        }
    }

    /// Like ``decode(_:limits:watch:)``.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) -> Image {
        try decode(bytes.span.bytes, limits: limits)
    }

    /// A picture that was turned while its raster was filled.
    private init(_ raster: Raster, _ metadata: Metadata, _ header: ImageHeader) {
        var metadata = metadata
        if header.orientation != .upright { metadata.turnUpright(header) }
        self.init(raster: raster, metadata: metadata, header: header)
    }
}

extension Raster {
    fileprivate convenience init(for header: ImageHeader) throws(ImageError) {
        try self.init(
            width: header.width, height: header.height, channels: header.channels, bitDepth: header.decodedBitDepth,
            hasAlpha: header.hasAlpha)
    }

    fileprivate func fill(_ file: JPEGFile, _ bytes: RawSpan, _ limits: ImageLimits, _ watch: CodecWatch?) -> image_result {
        let header = file.header
        let scans = file.scans(bytes)
        var target = description
        return bytes.withUnsafeBytes { source in
            image_jpeg_decode(
                source.bindMemory(to: UInt8.self).baseAddress, scans.end, scans.hasEndMarker ? 1 : 0,
                UInt32(header.storedWidth), UInt32(header.storedHeight), Int32(header.orientation.rawValue),
                header.workingBytes, Int32(clamping: limits.scans(of: header)), &target, watch?.watch)
        }
    }

    fileprivate func fill(_ file: PNGFile, _ bytes: RawSpan, _ watch: CodecWatch?) -> image_result {
        let header = file.header
        var target = description
        return bytes.withUnsafeBytes { source in
            image_png_decode(
                source.bindMemory(to: UInt8.self).baseAddress, source.count, UInt32(header.storedWidth),
                UInt32(header.storedHeight), Int32(header.orientation.rawValue), &target, watch?.watch)
        }
    }
}

extension Metadata {
    /// Makes it true for the picture that was turned as `header` says.
    fileprivate mutating func turnUpright(_ header: ImageHeader) {
        if var block = exif.flatMap(ExifBlock.init) {
            block.turnUpright(width: header.width, height: header.height)
            exif = block.bytes
        }
        xmp = xmp.map(XMPPacket.turnUpright)
        if header.orientation.swapsSides { density = density?.transposed }
    }
}
