/// With whom an image shares its turns and its part of the queue.
enum QueueLane: Hashable, Sendable {
    /// It waits with an open connection and counts against the queue's limit; small ones have a part of their own.
    case waiting(client: String, isSmall: Bool)
    /// It is bounded elsewhere: jobs, command lines.
    case accepted
}
