import Synchronization

/// What an exchange and its connection share. The connection holds this, and only whoever is to answer holds the
/// ``Exchange``, so that an exchange that nobody can answer any more is noticed.
final class ExchangeState: Sendable {
    struct Contents {
        var route: String?
        var requestID: String?
        var isAnswered = false
        var isSlow = false
        /// Nobody is there any more to take the answer.
        var isGone = false
        var onDisconnect: [@Sendable () -> Void] = []
    }

    let head: RequestHead
    private let contents = Mutex(Contents())

    init(head: RequestHead) { self.head = head }

    func withLock<R: Sendable>(_ body: (inout Contents) -> sending R) -> R { contents.withLock { body(&$0) } }

    /// The id, made on first use.
    func requestID(_ make: (RequestHead?) -> String) -> String {
        if let id = withLock({ $0.requestID }) { return id }
        let id = make(head)
        return withLock { contents in
            let kept = contents.requestID ?? id
            contents.requestID = kept
            return kept
        }
    }

    /// True for the first caller.
    func claimAnswer() -> Bool {
        withLock { contents in
            defer { contents.isAnswered = true }
            return !contents.isAnswered
        }
    }

    /// The answer is complete: nobody has to be told of a disconnect any more.
    func release() { withLock { $0.onDisconnect = [] } }

    /// The client has gone before the answer was complete.
    func disconnect() {
        let callbacks = withLock { contents in
            contents.isGone = true
            defer { contents.onDisconnect = [] }
            return contents.onDisconnect
        }
        for callback in callbacks { callback() }
    }
}
