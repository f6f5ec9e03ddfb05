import CImageCodecs

/// An encoded file, in the memory in which the codec wrote it: handing it on copies nothing, so nothing can fail.
public final class EncodedImage: @unchecked Sendable {
    // Safe to share: constant until the last owner lets go.
    private var buffer: image_buffer

    /// Takes the buffer over.
    init(_ buffer: image_buffer) { self.buffer = buffer }

    deinit { image_free(&buffer) }

    public var count: Int { buffer.count }

    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.count))
    }

    /// A copy.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
