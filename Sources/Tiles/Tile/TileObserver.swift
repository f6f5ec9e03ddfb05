/// Hears what the scheduler does, for metrics. Called on worker threads, from several at once: be quick. Without an
/// observer no clock is read for it.
public protocol TileObserver: Sendable {
    /// A tile has its residual.
    func tileFinished(_ tile: TileRecord)
    /// An image's first tile starts.
    func queueWaited(seconds: Double)
    func stageFinished(_ stage: TileStage, seconds: Double)
    /// - Parameter secondsToIdle: from the request to the moment when no worker was busy with the image any more.
    func cancelled(at stage: CancelledStage, secondsToIdle: Double)
}
