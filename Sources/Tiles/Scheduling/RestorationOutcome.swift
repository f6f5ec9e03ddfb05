/// How a restoration ended.
public enum RestorationOutcome: Sendable {
    case succeeded(RestorationReport)
    /// The source or the sink threw that.
    case failed(any Error)
    case cancelled
}
