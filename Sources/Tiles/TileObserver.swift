/// A part of the work that is timed.
public enum TileStage: Sendable, Hashable {
    /// Reading the tile's pixels.
    case read
    /// Encoder and classifier.
    case encoder
    /// One sub-decoder, 1…K.
    case subDecoder(Int)
    /// The output head.
    case head
    /// Weighting a tile's residual into the image and handing rows to the sink.
    case blend
}

/// What was cancelled: an image that waited, or one that ran.
public enum CancelledStage: String, Sendable, Hashable {
    case queue, infer
}

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
