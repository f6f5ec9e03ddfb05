import Deblur
import Digests

/// Whoever a key stands for: the name that one or several keys have, or a key without one.
struct Tenant: Sendable, Equatable {
    /// What a key's line allows; nil: as everybody.
    struct Limits: Sendable, Equatable {
        /// Photos posted.
        var rate: Rate?
        /// Jobs that are kept: that wait, are done, or can be asked for a result.
        var jobs: Int?
    }

    /// So many in so much time; all of them at once, if they come so.
    struct Rate: Sendable, Equatable {
        let count: Int
        let seconds: Double
    }

    /// In the log and in metrics. Not secret.
    let label: String
    /// The names that its jobs are kept under. New ones get the first; the others are those of its keys before they had a name.
    let accounts: [String]
    let limits: Limits

    /// - Parameter digests: of all keys of that name.
    init(name: String, digests: [[UInt8]], limits: Limits) {
        label = name
        accounts = ["name \(name)"] + digests.map(Self.account)
        self.limits = limits
    }

    init(digest: [UInt8]) {
        label = "unnamed"
        accounts = [Self.account(digest)]
        limits = Limits()
    }

    /// Tells keys apart; nothing of a key can be learnt from it.
    private static func account(_ digest: [UInt8]) -> String {
        "key " + digest.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}

extension Tenant.Limits {
    /// `rate=60/min` or `jobs=1000`; nil for anything else.
    init?(word: String) {
        let parts = word.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "jobs":
            guard let count = Quantity.whole(String(parts[1])), (1...1_000_000_000).contains(count) else { return nil }
            jobs = count
        case "rate":
            let rate = parts[1].split(separator: "/", maxSplits: 1)
            guard rate.count == 2, let count = Quantity.whole(String(rate[0])), (1...1_000_000_000).contains(count),
                let seconds = ["s": 1.0, "min": 60, "h": 3600, "day": 86_400][rate[1]]
            else { return nil }
            self.rate = Tenant.Rate(count: count, seconds: seconds)
        default: return nil
        }
    }

    /// What both say; nil where they contradict each other.
    func joined(with other: Self) -> Self? {
        if let rate, let theirs = other.rate, rate != theirs { return nil }
        if let jobs, let theirs = other.jobs, jobs != theirs { return nil }
        return Self(rate: rate ?? other.rate, jobs: jobs ?? other.jobs)
    }
}

/// Who may ask for a job.
package enum JobOwner: Sendable, Equatable {
    /// Whoever knows its id: a service without keys.
    case anybody
    /// Those whose jobs are kept under one of these names.
    case accounts([String])

    /// Nil: it is not asked whose it is.
    var accounts: [String]? {
        guard case .accounts(let accounts) = self else { return nil }
        return accounts
    }

    /// - Parameter account: the name that the job is kept under; nil: there is no such job, or it has none. Takes as long either way.
    func owns(_ account: String?) -> Bool {
        guard let own = accounts else { return true }
        let theirs = SHA256.hash((account ?? "").utf8).bytes
        return own.reduce(false) { found, own in constantTimeEqual(SHA256.hash(own.utf8).bytes, theirs) || found }
    }
}
