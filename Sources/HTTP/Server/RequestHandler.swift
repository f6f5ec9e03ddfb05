/// Answers requests.
public protocol RequestHandler: Sendable {
    /// Called on an event loop once the head has come, before the body. Must not block: take the body with
    /// ``Exchange/collectBody(limit:progress:_:)`` or refuse at once, and answer from any thread whenever the answer is there.
    func handle(_ exchange: Exchange)

    /// Whether a request is served when there are more connections than allowed, as health checks should be.
    func isAlwaysServed(_ head: RequestHead) -> Bool
}

extension RequestHandler {
    public func isAlwaysServed(_ head: RequestHead) -> Bool { false }
}

/// Why a body did not arrive. The server has answered (or the client is gone): nothing is left to do but to let go of
/// what was reserved for it.
public enum BodyFailure: Error, Sendable, Equatable {
    /// Larger than the limit in bytes; `actual` is what was announced, nil for chunked. Answered with 413.
    case tooLarge(limit: Int, actual: Int?)
    /// Answered with 408.
    case timeout
    /// Broken chunked coding or an end before its time. Answered with 400.
    case malformed
    /// The connection broke, or the server's drain deadline has passed.
    case disconnected
}
