import Network

/// Hears what the scheduler does, for metrics. Called on worker threads, from several at once: be quick. Without an
/// observer no clock is read for it.
public protocol TileObserver: Sendable {
    /// A tile has its residual.
    func tileFinished(_ tile: TileRecord)
    /// An image's first tile starts.
    func queueWaited(seconds: Double)
    func stageFinished(_ stage: TileStage, seconds: Double)
    /// - Parameters:
    ///   - secondsToIdle: from the request to the moment when no worker was busy with the image any more.
    ///   - stage: where the image was.
    func cancelled(at stage: CancelledStage, secondsToIdle: Double)
}

/// A part of the work that is timed.
public enum TileStage: Sendable, Hashable {
    /// Reading the tile's pixels.
    case read
    /// Encoder and classifier of a tile.
    case encoder
    /// Encoder of a whole image (``EncodingMode/whole``): its busy time, once per image.
    case imageEncoder
    /// Taking a tile's features from those of its image, and the classifier.
    case features
    /// One sub-decoder, 1…K.
    case subDecoder(Int)
    /// The output head.
    case head
    /// Weighting a tile's residual into the image and handing rows to the sink.
    case blend

    /// - Parameter isEncoded: whether the tile's features come from those of its image.
    init(_ step: TileRun.Step, isEncoded: Bool) {
        switch step {
        case .encoder: self = isEncoded ? .features : .encoder
        case .subDecoder(let number): self = .subDecoder(number)
        case .head: self = .head
        }
    }
}

/// What was cancelled: an image that waited, or one that ran.
public enum CancelledStage: String, Sendable, Hashable {
    case queue, infer
}
