/// What the encoder sees at a time (specification 11).
public enum EncodingMode: String, Sendable, Hashable, CaseIterable {
    /// Each tile alone (the authors' mode B): memory does not grow with the image, tiles are independent.
    case tile
    /// The whole image once, pooling locally (the authors' mode A, which their published numbers come from). Takes memory
    /// in proportion to the image: see ``TileScheduler/workingBytes(for:)``.
    case whole
}
