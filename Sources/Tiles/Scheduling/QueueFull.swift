/// How full the queue is, and when there will be room.
public struct QueueFull: Error, Equatable, Sendable {
    /// Tiles that may wait.
    public var limit: Int
    /// Tiles that wait.
    public var actual: Int
    /// Measured throughput says that there is room after that many seconds; at least 0.
    public var retryAfterSeconds: Double

    public init(limit: Int, actual: Int, retryAfterSeconds: Double) {
        self.limit = limit
        self.actual = actual
        self.retryAfterSeconds = retryAfterSeconds
    }
}
