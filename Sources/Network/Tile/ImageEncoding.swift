/// A whole image on its way through the encoder, and then its features (specification 11, mode A).
///
/// One thread at a time calls ``advance(reading:)`` until it answers 1. From then on it does not change, and any number
/// of threads take tiles from it.
public protocol ImageEncoding: AnyObject, Sendable {
    /// Does the next part of the work, a few rows of one layer or, of UFPNet's estimator, a layer on some hundred rows.
    /// The idle members of the team help. May be abandoned between two parts.
    ///
    /// - Parameter readRow: writes row `y` of the padded image, `(width, 3)`, RGB, 0…1. Called from this thread, more
    ///   than once for a row.
    /// - Returns: the share of all work that is done, rising to 1.
    /// - Throws: what `readRow` throws; the encoding cannot go on then.
    func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double
}
