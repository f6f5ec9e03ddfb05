/// How far the encoding of a whole image is, which its tiles wait for.
enum EncodingState: Sendable {
    /// Every tile is encoded alone.
    case notNeeded
    /// No worker has had it.
    case waiting
    /// A worker leads it.
    case running
    /// Between two turns.
    case paused
    /// Tiles may go; the features are there, unless a deadline left no time for them.
    case complete

    var isForTurn: Bool { self == .waiting || self == .paused }
    var letsTilesGo: Bool { self == .notNeeded || self == .complete }
}
