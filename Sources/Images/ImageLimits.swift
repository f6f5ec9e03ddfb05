/// What a file may ask for. Checked on the header, before any pixel is decoded.
public struct ImageLimits: Sendable, Equatable {
    /// Width times height.
    public var maxPixels: Int
    /// Pixels of the shorter side.
    public var minSide: Int
    /// Scans of one JPEG. Encoders make about ten; a file of a few kilobytes can hold hundreds, each of which costs a
    /// pass over the whole picture.
    public var maxScans: Int
    /// Scans of one JPEG times its pixels: what its passes cost together. So large pictures have fewer scans, but never
    /// fewer than 20.
    public var maxScannedPixels = 1_280_000_000
    static let leastScans = 20

    public init(maxPixels: Int = 100_000_000, minSide: Int = 1, maxScans: Int = 100) {
        self.maxPixels = maxPixels
        self.minSide = minSide
        self.maxScans = maxScans
    }

    /// Scans that a JPEG of that size may have.
    func scans(of header: ImageHeader) -> Int {
        let pixels = max(1, header.storedWidth * header.storedHeight)
        return min(maxScans, max(Self.leastScans, maxScannedPixels / pixels))
    }

    /// - Throws: `tooManyPixels` or `tooSmall`.
    public func check(_ header: ImageHeader) throws(ImageError) {
        let pixels = header.width * header.height
        if pixels > maxPixels { throw .tooManyPixels(limit: maxPixels, actual: pixels) }
        let side = min(header.width, header.height)
        if side < minSide { throw .tooSmall(limit: minSide, actual: side) }
    }
}
