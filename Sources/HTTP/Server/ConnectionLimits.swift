import Foundation

/// How many connections there may be, by the configuration and by the descriptors that the process may open.
package struct ConnectionLimits: Sendable {
    /// Beyond it only what ``RequestHandler/isAlwaysServed(_:)`` names is served.
    package let maximum: Int
    /// Surplus connections are let in to be told so, up to this number.
    package let most: Int

    /// Descriptors of a process that are no connections: standard streams, pollers, listeners, locks, files in work.
    private static let ownDescriptors = 32

    /// - Parameter descriptors: the limit of the process.
    package init(maximum: Int, descriptors: Int) {
        // Two for each: a connection may have a file to send.
        let room = max(4, (descriptors - Self.ownDescriptors) / 2)
        most = min(2 * maximum + 64, room)
        // A quarter is for those who only ask whether the service is well.
        self.maximum = min(maximum, max(1, most * 3 / 4))
    }

    /// What one peer may have while there are many: the last eighth is for the others.
    package func isBeyondShare(ofPeer count: Int, of total: Int) -> Bool {
        count > maximum / 2 && total > maximum - maximum / 8
    }

    /// Raises the soft limit of descriptors to the hard one; what it is now. The usual soft limit of 1024 is a relic of
    /// select().
    static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
