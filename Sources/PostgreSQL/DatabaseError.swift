#if PostgreSQL
/// Why a statement has no result.
package enum DatabaseError: Error, Equatable {
    /// There is no client library (`libpq.so.5`) on this machine.
    case noLibrary(String)
    /// The connection string is none, or says what it may not.
    case settings(String)
    /// No connection could be made, or it broke. Whether a statement that was sent took effect is not known.
    case unavailable(String)
    /// The time was up. Whether the statement took effect is not known; its connection is closed.
    case timedOut
    /// What the server answered. `state` is the five-letter SQLSTATE (PostgreSQL, appendix A).
    case refused(state: String, message: String)
    /// A value is null or not of the type that was asked for.
    case value(String)

    /// Whether the same may succeed later without anybody's change: the server is away, starting, stopping or busy.
    package var isTransient: Bool {
        switch self {
        case .unavailable, .timedOut: true
        case .refused(let state, _):
            // Connection exceptions; out of memory, disk or connections; ended by an administrator or a crash, not yet up; a read-only
            // standby after a switch; deadlocks and serialization; locks that could not be had in time.
            ["08", "53"].contains(state.prefix(2))
                || ["57P01", "57P02", "57P03", "25006", "40001", "40P01", "55P03", "57014"].contains(state)
        case .noLibrary, .settings, .value: false
        }
    }

    /// The server's disk is full (disk_full).
    package var isFullDisk: Bool {
        if case .refused("53100", _) = self { true } else { false }
    }
}

extension DatabaseError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noLibrary(let reason): "PostgreSQL's client library cannot be loaded: \(reason)"
        case .settings(let reason): reason
        case .unavailable(let reason): "the database is not there: \(reason)"
        case .timedOut: "the database did not answer in time"
        case .refused(let state, let message): "the database refused (\(state)): \(message)"
        case .value(let reason): reason
        }
    }
}
#endif
