import Drawing
import Files
import Images

/// A picture as the evaluation protocol sees it: 8 bit, RGB.
public struct ByteImage: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// `(height, width, 3)` row-major.
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - bytes: `height · width · 3` of them.
    ///   - width: pixels.
    ///   - height: pixels.
    public init(width: Int, height: Int, bytes: [UInt8]) {
        precondition(width >= 1 && height >= 1 && bytes.count == width * height * 3, "\(width)×\(height)")
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// A decoded picture; gray three times, 16 bit rounded to 8.
    public init(_ raster: Raster) {
        var row = [Float](repeating: 0, count: raster.width * 3)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(row.count * raster.height)
        for y in 0..<raster.height {
            raster.readRGB(x: 0, y: y, width: raster.width, height: 1, into: &row)
            for value in row { bytes.append(Self.byte(value)) }
        }
        self.init(width: raster.width, height: raster.height, bytes: bytes)
    }

    /// A result as it would be written: clamped to 0…1, times 255, rounded half to even.
    ///
    /// - Parameters:
    ///   - values: `(height, width, 3)` row-major.
    ///   - width: pixels.
    ///   - height: pixels.
    public init(width: Int, height: Int, values: UnsafeBufferPointer<Float>) {
        self.init(width: width, height: height, bytes: values.map(Self.byte))
    }

    /// Byte / 255 in single precision, as the network sees it.
    public var values: [Float] { bytes.map { Float($0) / 255 } }

    /// Not-a-number becomes 0, as in ``Raster``.
    @inline(__always)
    static func byte(_ value: Float) -> UInt8 {
        UInt8((min(max(value, 0), 1) * 255).rounded(.toNearestOrEven))
    }
}

extension ByteImage {
    /// Writes the picture as PNG.
    ///
    /// - Throws: `ImageError`, `FileError`.
    func write(to file: FilePath) throws {
        let raster = try Raster(width: width, height: height, channels: 3, bitDepth: 8)
        for y in 0..<height {
            raster.withMutableRow(y) { row in row.copyBytes(from: bytes[y * width * 3..<(y + 1) * width * 3]) }
        }
        try file.parent.makeFolders()
        try FileOutput.file(file).write(Image(raster: raster).encode(EncodeOptions(format: .png)))
    }
}

extension Canvas {
    init(_ picture: ByteImage) { self.init(width: picture.width, height: picture.height, bytes: picture.bytes) }

    var picture: ByteImage { ByteImage(width: width, height: height, bytes: bytes) }
}
