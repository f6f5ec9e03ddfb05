/// Where a job is. Only ``queued`` and the final states are ever written to disk: a job that was running when the
/// process ended is queued again.
enum JobState: String, Sendable, Codable, CaseIterable {
    /// Accepted; its photo lies on disk, no pixel is decoded.
    case queued
    /// It has its memory: it is decoded, its tiles take turns, or its result is being written.
    case running
    case succeeded, failed, cancelled

    /// Whether nothing will change any more.
    var isFinal: Bool { self != .queued && self != .running }
}
