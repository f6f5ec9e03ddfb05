import CImageCodecs

/// Ends the decoding or encoding of one picture early: when nobody wants it any more, or when it has taken more
/// processor time than it may. Noticed within a few rows.
public final class CodecWatch: @unchecked Sendable {
    // Safe to share: the pointer is constant, what it points to is atomic.

    /// Nil where there was no memory for it: nothing is watched then.
    let watch: OpaquePointer?

    /// - Parameter seconds: of processor time, for all calls with this watch together; nil: as many as it takes.
    public init(seconds: Double? = nil) { watch = image_watch_new(min(seconds ?? 1e9, 1e9)) }

    /// For decoding a picture: several times what a slow processor takes for the most laborious kind of file.
    public convenience init(decoding header: ImageHeader) {
        self.init(seconds: 3 + 0.25e-6 * Double(header.storedWidth) * Double(header.storedHeight))
    }

    deinit { image_watch_free(watch) }

    /// Calls that run with it, or will, end with ``ImageError/cancelled``.
    public func cancel() { if let watch { image_watch_cancel(watch) } }
}
