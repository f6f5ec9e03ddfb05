extension ImageHeader {
    /// Bytes of the decoded raster, alpha included.
    public var rasterBytes: Int {
        width * height * (channels + (hasAlpha ? 1 : 0)) * (decodedBitDepth / 8)
    }

    /// What decoding holds at its peak, in bytes: the raster and the codec's working memory, without the file itself.
    /// Never less than what it really takes (tested against the resident size).
    public var decodeBytes: Int { rasterBytes + workingBytes }

    /// What the codec holds besides the raster.
    var workingBytes: Int {
        // Tables, row buffers of the codec and the strip of rows that is turned upright.
        let rows = 1 << 20 + storedWidth * 256
        switch format {
        case .png:
            // Adam7 comes in seven passes over the whole picture; libpng needs all rows at once.
            return rows + (isInterlaced ? rasterBytes : 0)
        case .jpeg:
            // Several scans: two bytes for each coefficient of every component.
            return rows + (jpeg?.coefficientBytes ?? 0)
        }
    }

    /// What encoding the same picture holds at its peak, in bytes, besides the raster: the output (assumed not to
    /// compress at all), once as the codec grows it and once as it is handed out, and coefficients of progressive
    /// JPEG.
    public func encodeBytes(as target: ImageFormat) -> Int {
        let rows = 1 << 20 + width * 256
        switch target {
        case .png: return rows + 2 * rasterBytes + 2 * height
        case .jpeg:
            let samples = width * height * channels
            return rows + 2 * samples + (isInterlaced && format == .jpeg ? (width + 32) * (height + 32) * channels * 2 : 0)
        }
    }
}
