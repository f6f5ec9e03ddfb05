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
    /// Damage is an error, also where libjpeg would go on with gray; the exceptions are bytes between segments.
    /// - Throws: any ``ImageError``.
    public static func decode(_ bytes: RawSpan, limits: ImageLimits = ImageLimits()) throws(ImageError) -> Image {
        let header: ImageHeader
        var metadata: Metadata
        switch ImageFormat.sniff(bytes) {
        case .jpeg:
            let file = try JPEGFile(bytes)
            header = file.header
            try limits.check(header)
            metadata = Metadata(file, bytes)
        case .png:
            let file = try PNGFile(bytes)
            header = file.header
            try limits.check(header)
            metadata = Metadata(file, bytes)
        case nil: throw .unsupportedFormat
        }
        let raster = try Raster(
            width: header.width, height: header.height, channels: header.channels, bitDepth: header.decodedBitDepth,
            hasAlpha: header.hasAlpha)
        try Codec.check(fill(raster, header, bytes, limits))
        if header.orientation != .upright { metadata.turnUpright(header) }
        return Image(raster: raster, metadata: metadata, header: header)
    }

    /// Like ``decode(_:limits:)-(RawSpan,_)``.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) -> Image {
        try decode(bytes.span.bytes, limits: limits)
    }

    private static func fill(
        _ raster: Raster, _ header: ImageHeader, _ bytes: RawSpan, _ limits: ImageLimits
    ) -> image_result {
        bytes.withUnsafeBytes { file in
            let start = file.bindMemory(to: UInt8.self).baseAddress
            let (width, height) = (UInt32(header.storedWidth), UInt32(header.storedHeight))
            let orientation = Int32(header.orientation.rawValue)
            var target = raster.description
            switch header.format {
            case .jpeg:
                return image_jpeg_decode(
                    start, file.count, width, height, orientation, header.workingBytes,
                    Int32(clamping: limits.maxScans), &target)
            case .png: return image_png_decode(start, file.count, width, height, orientation, &target)
            }
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
