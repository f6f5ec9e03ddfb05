/// How the residuals of overlapping tiles are weighted (specification 9).
public enum BlendStyle: String, Sendable, Hashable, CaseIterable {
    /// Weights sum to 1 everywhere; a lone row or column of tiles has weight 1.
    case edgeSafe = "edge-safe"
    /// The arithmetic of the authors' evaluation: a lone row or column fades at its top or left edge, and where three
    /// tiles overlap the sum rises to at most 1.019. For comparisons with published numbers.
    case authors
}
