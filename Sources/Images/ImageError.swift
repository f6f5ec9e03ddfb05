/// What can go wrong between bytes and pixels.
///
/// The texts in the cases come from a fixed vocabulary of this module and of the codec libraries (numbers and chunk
/// names included); bytes a user sent are never part of them, so they may be logged and shown.
public enum ImageError: Error, Sendable, Equatable {
    /// The first bytes are of no format that is read here (JPEG, PNG).
    case unsupportedFormat
    /// A valid file of a kind that is not decoded or cannot be written, e.g. "12-bit JPEG".
    case unsupportedFeature(String)
    /// The data ends too early.
    case truncated
    /// The data contradicts its format.
    case corrupt(reason: String)
    /// The header promises more pixels than allowed; nothing was decoded.
    case tooManyPixels(limit: Int, actual: Int)
    /// The shorter side has fewer pixels than allowed; nothing was decoded.
    case tooSmall(limit: Int, actual: Int)
    /// The system, or the bound computed from the header, does not give the memory that is needed.
    case outOfMemory
    /// A ``CodecWatch`` was cancelled.
    case cancelled
}

extension ImageError: CustomStringConvertible {
    /// One sentence for users.
    public var description: String {
        switch self {
        case .unsupportedFormat: "The file is neither JPEG nor PNG."
        case .unsupportedFeature(let name): "Not supported: \(name)."
        case .truncated: "The image ends too early: the file is incomplete."
        case .corrupt(let reason): "The image is damaged: \(reason)."
        case .tooManyPixels(let limit, let actual): "The image has \(actual) pixels; the limit is \(limit)."
        case .tooSmall(let limit, let actual):
            "The shorter side of the image has \(actual) pixels; at least \(limit) are needed."
        case .cancelled: "Nobody waits for this image any more."
        case .outOfMemory: "There is not enough memory for this image."
        }
    }
}
