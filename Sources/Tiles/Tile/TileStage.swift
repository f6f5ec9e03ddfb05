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
}

/// What was cancelled: an image that waited, or one that ran.
public enum CancelledStage: String, Sendable, Hashable {
    case queue, infer
}
