import CImageCodecs
import Glibc

/// The pixels of one picture: interleaved gray or RGB samples of 8 or 16 bit, and alpha in a plane of its own.
///
/// Rows may be read and written at random, also from several threads as long as none writes a row that another one
/// touches at the same time.
public final class Raster: @unchecked Sendable {
    // Safe to share: the properties are constant; the samples are memory that the callers divide by rows, as above.

    /// Pixels, at least 1.
    public let width: Int
    public let height: Int
    /// 1 (gray) or 3 (red, green, blue).
    public let channels: Int
    /// 8 or 16.
    public let bitDepth: Int
    /// (height, width, channels), row-major without gaps; `UInt8`, or `UInt16` of this machine's byte order.
    let samples: UnsafeMutableRawPointer
    /// (height, width) of the same type; 0 is transparent. Nil when the picture is opaque.
    let alpha: UnsafeMutableRawPointer?

    public var hasAlpha: Bool { alpha != nil }
    /// Bytes of one row of samples.
    public var rowBytes: Int { width * channels * (bitDepth / 8) }
    /// Bytes of one row of alpha.
    public var alphaRowBytes: Int { width * (bitDepth / 8) }

    /// A black (and transparent) picture.
    ///
    /// - Throws: `outOfMemory`.
    public init(width: Int, height: Int, channels: Int, bitDepth: Int, hasAlpha: Bool = false) throws(ImageError) {
        precondition(width >= 1 && height >= 1 && (channels == 1 || channels == 3) && (bitDepth == 8 || bitDepth == 16))
        self.width = width
        self.height = height
        self.channels = channels
        self.bitDepth = bitDepth
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= Int.max / 16, let memory = calloc(pixels * channels, bitDepth / 8) else {
            throw .outOfMemory
        }
        samples = memory
        if hasAlpha {
            guard let plane = calloc(pixels, bitDepth / 8) else {
                free(memory)
                throw .outOfMemory
            }
            alpha = plane
        } else {
            alpha = nil
        }
    }

    deinit {
        free(samples)
        free(alpha)
    }

    /// The same pixels in memory of their own.
    ///
    /// - Throws: `outOfMemory`.
    public func copy() throws(ImageError) -> Raster {
        let other = try Raster(
            width: width, height: height, channels: channels, bitDepth: bitDepth, hasAlpha: hasAlpha)
        memcpy(other.samples, samples, height * rowBytes)
        if let plane = alpha, let target = other.alpha { memcpy(target, plane, height * alphaRowBytes) }
        return other
    }

    /// Row `y` of the samples, to read.
    public func withRow<R>(_ y: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        precondition(y >= 0 && y < height)
        return try body(UnsafeRawBufferPointer(start: samples + y * rowBytes, count: rowBytes))
    }

    /// Row `y` of the samples, to write.
    public func withMutableRow<R>(_ y: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        precondition(y >= 0 && y < height)
        return try body(UnsafeMutableRawBufferPointer(start: samples + y * rowBytes, count: rowBytes))
    }

    /// Row `y` of alpha, to read or write; nil when the picture is opaque.
    public func withAlphaRow<R>(_ y: Int, _ body: (UnsafeMutableRawBufferPointer?) throws -> R) rethrows -> R {
        precondition(y >= 0 && y < height)
        return try body(
            alpha.map { UnsafeMutableRawBufferPointer(start: $0 + y * alphaRowBytes, count: alphaRowBytes) })
    }

    /// What the C side needs to know.
    var description: image_raster {
        image_raster(
            samples: samples, alpha: alpha, width: width, height: height, channels: Int32(channels),
            bit_depth: Int32(bitDepth))
    }
}
