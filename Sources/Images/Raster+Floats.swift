import CImageCodecs

extension Raster {
    /// Copies a rectangle as float RGB: value / 255 (or / 65535) in single precision; gray three times.
    ///
    /// - Parameters:
    ///   - output: `(height, width, 3)` row-major, 0…1; rows lie `rowStride` floats apart.
    ///   - rowStride: floats, at least `3 · width`; nil: exactly that.
    ///   - x: left column.
    ///   - y: upper row.
    ///   - width: pixels; the rectangle lies within the raster.
    ///   - height: pixels.
    public func readRGB(
        x: Int, y: Int, width: Int, height: Int, into output: UnsafeMutablePointer<Float>, rowStride: Int? = nil
    ) {
        checkInside(x: x, y: y, width: width, height: height)
        let stride = rowStride ?? 3 * width
        precondition(stride >= 3 * width)
        var raster = description
        image_read_rgb(&raster, x, y, width, height, output, stride)
    }

    /// Replaces `count` whole rows, from row `first` on, by float RGB rows, as
    /// ``writeRGB(x:y:width:height:from:rowStride:)`` does.
    ///
    /// - Parameters:
    ///   - input: `(count, width, 3)` row-major.
    ///   - first: row of the raster.
    ///   - count: rows.
    public func writeRows(_ first: Int, count: Int, from input: UnsafePointer<Float>) {
        writeRGB(x: 0, y: first, width: width, height: count, from: input)
    }

    /// Replaces a rectangle: clamps to 0…1 and rounds 255·v (65535·v) half to even, in single precision. A gray
    /// raster takes the mean of red, green and blue. Pixels whose alpha is 0 keep what is stored; alpha never
    /// changes. NaN becomes 0.
    ///
    /// What ``readRGB(x:y:width:height:into:rowStride:)`` gave comes back as the same samples.
    /// - Parameters:
    ///   - input: `(height, width, 3)` row-major; rows lie `rowStride` floats apart.
    ///   - rowStride: floats, at least `3 · width`; nil: exactly that.
    ///   - x: left column.
    ///   - y: upper row.
    ///   - width: pixels; the rectangle lies within the raster.
    ///   - height: pixels.
    public func writeRGB(
        x: Int, y: Int, width: Int, height: Int, from input: UnsafePointer<Float>, rowStride: Int? = nil
    ) {
        checkInside(x: x, y: y, width: width, height: height)
        let stride = rowStride ?? 3 * width
        precondition(stride >= 3 * width)
        var raster = description
        image_write_rgb(&raster, x, y, width, height, input, stride)
    }

    private func checkInside(x: Int, y: Int, width: Int, height: Int) {
        precondition(
            x >= 0 && y >= 0 && width >= 0 && height >= 0 && width <= self.width - x && height <= self.height - y,
            "the rectangle leaves the raster")
    }
}
