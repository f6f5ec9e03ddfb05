/// Why the guard did not believe a tile.
public enum TileAnomaly: String, Sendable, Hashable, CaseIterable {
    /// A value is infinite or not a number.
    case notFinite = "not_finite"
    /// The output is wildly off its input.
    case deviates
}
