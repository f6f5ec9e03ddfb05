/// What can go wrong between a photo and the network.
public enum TilesError: Error, Equatable, Sendable {
    /// A tile side or an overlap that cannot tile anything; both in pixels.
    case badTileSize(side: Int, overlap: Int)
    /// An image without pixels.
    case emptyImage(width: Int, height: Int)
    /// An option out of its range.
    case badOption(name: String, value: String, expected: String)
    /// The system has not the memory for a tile in work, or to encode a whole image; nothing was allocated.
    case noMemory(bytes: Int)
    /// As many tiles wait as may: come back later.
    case queueFull(QueueFull)
    /// The scheduler takes no new images any more.
    case stopped
    /// The restoration was cancelled; thrown by the blocking call only.
    case cancelled
}

extension TilesError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badTileSize(let side, let overlap):
            "a tile of \(side) pixels with an overlap of \(overlap): the side has to be a multiple of 16, "
                + "the overlap from 2 to half of it"
        case .emptyImage(let width, let height): "an image of \(width)×\(height) pixels has nothing to restore"
        case .badOption(let name, let value, let expected): "\(name) is \(value), expected \(expected)"
        case .noMemory(let bytes):
            "this takes \(bytes) bytes, which the system does not have free; where the whole image is encoded, mode tile "
                + "takes less"
        case .queueFull(let full):
            "\(full.actual) tiles are waiting, \(full.limit) may; room in \(full.retryAfterSeconds) seconds"
        case .stopped: "the scheduler has been stopped"
        case .cancelled: "the restoration was cancelled"
        }
    }
}

/// How full the queue is, and when there will be room.
public struct QueueFull: Error, Equatable, Sendable {
    /// Tiles that may wait.
    public var limit: Int
    /// Tiles that wait.
    public var actual: Int
    /// Measured throughput says that there is room after that many seconds; at least 0.
    public var retryAfterSeconds: Double
    /// Tiles for which room is held besides, for others who were refused.
    public var held: Int
    /// What the client may come back with; nil where none was asked for, or the client has its part of the queue.
    public var promise: QueuePromise?

    public init(limit: Int, actual: Int, retryAfterSeconds: Double, held: Int = 0) {
        self.limit = limit
        self.actual = actual
        self.retryAfterSeconds = retryAfterSeconds
        self.held = held
    }
}

/// What a client that was refused comes back with.
public struct QueuePromise: Equatable, Sendable {
    /// Random: no other one has it.
    public let id: UInt64
    /// For how long it counts, from the refusal on.
    public let seconds: Double
}
