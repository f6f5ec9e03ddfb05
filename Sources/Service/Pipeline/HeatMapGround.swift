import Images

/// The small gray picture of a restored photo on which its heat map is drawn: made once, when the job is done, so that a
/// map costs the same whatever the photo's size.
enum HeatMapGround {
    /// The longer side, pixels; a map needs no more.
    static let longestSide = 1024
    /// Rows and columns that a pixel is the mean of, at most.
    private static let samples = 4

    /// How many of the photo's pixels one of the picture stands for, each way.
    static func step(width: Int, height: Int) -> Int { (max(width, height) + longestSide - 1) / longestSide }

    /// As a gray JPEG of some hundred kilobytes.
    static func encoded(_ photo: Raster, watch: CodecWatch?) throws(ImageError) -> EncodedImage {
        try Image(raster: shades(of: photo)).encoded(EncodeOptions(format: .jpeg, quality: 85), watch: watch)
    }

    static func shades(of photo: Raster) throws(ImageError) -> Raster {
        let step = step(width: photo.width, height: photo.height)
        let (width, height) = (max(1, photo.width / step), max(1, photo.height / step))
        let shades = try Raster(width: width, height: height, channels: 1, bitDepth: 8)
        let offsets = stride(from: 0, to: step, by: max(1, step / samples)).map { $0 }
        // (1, photo.width, 3)
        var row = [Float](repeating: 0, count: photo.width * 3)
        var sums = [Float](repeating: 0, count: width)
        for y in 0..<height {
            for x in 0..<width { sums[x] = 0 }
            for down in offsets {
                photo.readRGB(x: 0, y: min(y * step + down, photo.height - 1), width: photo.width, height: 1, into: &row)
                for x in 0..<width {
                    for right in offsets {
                        let at = min(x * step + right, photo.width - 1) * 3
                        // Rec. 709 luma.
                        sums[x] += 0.2126 * row[at] + 0.7152 * row[at + 1] + 0.0722 * row[at + 2]
                    }
                }
            }
            let count = Float(offsets.count * offsets.count)
            shades.withMutableRow(y) { out in
                for x in 0..<width { out[x] = UInt8(min(max(sums[x] / count, 0), 1) * 255) }
            }
        }
        return shades
    }
}
