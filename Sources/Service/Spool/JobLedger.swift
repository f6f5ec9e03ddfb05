/// What jobs take, by caller: how many there are and how many bytes are kept for them. Knows nothing of where they are
/// kept.
///
/// Jobs that can be asked for something count; of those that are cancelled or expired only so many names are kept, the
/// last ones, so that they are in nobody's way. The last quarter of everything is for callers who have less than an
/// eighth, so that one cannot fill it alone.
struct JobLedger {
    struct Limits: Sendable {
        /// Jobs that can be asked for something. Each takes about a kilobyte of memory.
        var jobs = 20_000
        /// Names of jobs that are gone.
        var gone = 2_000
        var bytes: Int
    }

    private struct Account {
        var jobs = 0
        var bytes = 0
    }

    let limits: Limits
    private(set) var jobs = 0
    private(set) var bytes = 0
    private var accounts: [String: Account] = [:]
    /// Names of jobs that are gone, the oldest first, from `firstGone` on.
    private var gone: [JobID] = []
    private var firstGone = 0

    init(limits: Limits) { self.limits = limits }

    /// Counts a job and its bytes.
    ///
    /// - Parameter mostJobs: of this caller; nil: as for everybody.
    /// - Throws: ``SpoolFailure/full(limit:actual:)``, ``SpoolFailure/allOfCaller(limit:actual:)``; nothing is counted then.
    mutating func open(_ caller: String, bytes more: Int, mostJobs: Int? = nil) throws(SpoolFailure) {
        let account = accounts[caller] ?? Account()
        if let mostJobs, account.jobs >= mostJobs { throw .allOfCaller(limit: mostJobs, actual: account.jobs + 1) }
        try Self.check(total: bytes, own: account.bytes, more: more, limit: limits.bytes)
        try Self.check(total: jobs, own: account.jobs, more: 1, limit: limits.jobs)
        count(caller, jobs: 1, bytes: more)
    }

    /// Counts a job that was there before, whatever the limits say.
    mutating func recover(_ caller: String, bytes: Int) { count(caller, jobs: 1, bytes: bytes) }

    mutating func change(_ caller: String, bytes more: Int) { count(caller, jobs: 0, bytes: more) }

    /// The job does not count any more. Its bytes have to be given back on their own.
    mutating func close(_ caller: String) { count(caller, jobs: -1, bytes: 0) }

    /// Keeps the name of a closed job.
    ///
    /// - Returns: the names that are to be forgotten for it.
    mutating func bury(_ id: JobID) -> [JobID] {
        gone.append(id)
        var forgotten: [JobID] = []
        while gone.count - firstGone > limits.gone {
            forgotten.append(gone[firstGone])
            firstGone += 1
        }
        if firstGone > limits.gone {
            gone.removeFirst(firstGone)
            firstGone = 0
        }
        return forgotten
    }

    private mutating func count(_ caller: String, jobs moreJobs: Int, bytes moreBytes: Int) {
        jobs += moreJobs
        bytes += moreBytes
        var account = accounts[caller] ?? Account()
        account.jobs += moreJobs
        account.bytes += moreBytes
        accounts[caller] = account.jobs == 0 && account.bytes == 0 ? nil : account
    }

    private static func check(total: Int, own: Int, more: Int, limit: Int) throws(SpoolFailure) {
        if total + more > limit { throw .full(limit: limit, actual: total + more) }
        let open = limit - limit / 4
        if total + more > open, own + more > limit / 8 { throw .full(limit: open, actual: total + more) }
    }

    func checkInvariants() -> [String] {
        let sums = accounts.values.reduce((0, 0)) { ($0.0 + $1.jobs, $0.1 + $1.bytes) }
        var violations: [String] = []
        if sums != (jobs, bytes) { violations.append("\(sums) of callers, \((jobs, bytes)) in all") }
        if accounts.values.contains(where: { $0.jobs < 0 || $0.bytes < 0 }) { violations.append("less than nothing") }
        return violations
    }
}
