import Images
import Tiles

/// A decoded image that is restored in place: the scheduler reads tiles from it and puts finished rows back, so a photo
/// needs its own bytes and a band of floats, never a float image.
public struct RasterPixels: TileSource, RowSink {
    private let raster: Raster

    public init(_ raster: Raster) { self.raster = raster }

    public var width: Int { raster.width }
    public var height: Int { raster.height }

    public func readRGB(
        rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
    ) {
        raster.readRGB(
            x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count, into: pixels,
            rowStride: rowStride)
    }

    public func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) {
        raster.writeRows(rows.lowerBound, count: rows.count, from: restored)
    }
}
