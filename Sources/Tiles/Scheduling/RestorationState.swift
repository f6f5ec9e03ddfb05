/// Where a restoration is.
public enum RestorationState: String, Sendable, Hashable {
    /// No tile has been handed to a worker.
    case waiting
    case running, succeeded, failed, cancelled

    /// Whether nothing will change any more.
    public var isFinal: Bool { self != .waiting && self != .running }
}
