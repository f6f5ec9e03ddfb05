extension ImageHeader {
    /// Bytes of the decoded raster, alpha included. Like the other estimates it stops at `Int.max`: a PNG header can
    /// promise 2⁶² pixels.
    public var rasterBytes: Int {
        product(width, height, (channels + (hasAlpha ? 1 : 0)) * (decodedBitDepth / 8))
    }

    /// What decoding holds at its peak, in bytes: the raster and the codec's working memory, without the file itself.
    /// Never less than what it really takes (tested against the resident size).
    public var decodeBytes: Int { sum(rasterBytes, workingBytes, metadataBytes) }

    /// What the codec holds besides the raster.
    var workingBytes: Int {
        // Tables, row buffers of the codec and the strip of rows that is turned upright.
        let rows = sum(1 << 20, product(storedWidth, 512))
        switch format {
        case .png:
            // Adam7 comes in seven passes over the whole picture; libpng needs all rows at once.
            return sum(rows, isInterlaced ? rasterBytes : 0)
        case .jpeg:
            // Several scans: two bytes for each coefficient of every component.
            return sum(rows, jpeg?.coefficientBytes ?? 0)
        }
    }

    /// What a file of the same picture with its metadata takes at most, as either format: noise as JPEG of quality 100 grows
    /// by 40 %, PNG adds a byte to each row.
    public var encodedBytes: Int { sum(rasterBytes, rasterBytes / 2, height, metadataBytes) }

    /// What encoding the same picture holds at its peak, in bytes, besides the raster: the output (assumed not to
    /// compress at all; noise as JPEG of quality 100 even grows by 40 %), once as the codec grows it and once as it is
    /// handed out, and the coefficients of a progressive JPEG.
    public func encodeBytes(as target: ImageFormat) -> Int {
        // Metadata: as segments, in one piece, and in the output.
        let rows = sum(1 << 20, product(width, 512), product(4, metadataBytes))
        switch target {
        case .png: return sum(rows, product(2, sum(rasterBytes, height)))
        case .jpeg:
            let isProgressive = jpeg?.isProgressive == true
            return sum(
                rows, product(3, width, height, channels),
                isProgressive ? product(2, width + 32, height + 32, channels) : 0)
        }
    }

    private func product(_ factors: Int...) -> Int {
        factors.reduce(1) { product, factor in
            let (result, overflow) = product.multipliedReportingOverflow(by: factor)
            return overflow ? .max : result
        }
    }

    private func sum(_ terms: Int...) -> Int {
        terms.reduce(0) { sum, term in
            let (result, overflow) = sum.addingReportingOverflow(term)
            return overflow ? .max : result
        }
    }
}
