import Synchronization

/// Counts what tenants with a rate ask for. A full bucket holds as many as the rate names, and fills evenly.
final class RequestRates: Sendable {
    private struct Bucket {
        var left: Double
        var at: ContinuousClock.Instant
    }

    /// By account; as many as there are tenants with a rate.
    private let buckets = Mutex<[String: Bucket]>([:])

    /// Takes one of what a tenant may ask for.
    ///
    /// - Returns: nil when it may; else the seconds until it may again.
    func take(_ tenant: Tenant, at now: ContinuousClock.Instant = .now) -> Double? {
        guard let rate = tenant.limits.rate else { return nil }
        return buckets.withLock { buckets in
            var bucket = buckets[tenant.accounts[0]] ?? Bucket(left: Double(rate.count), at: now)
            let perSecond = Double(rate.count) / rate.seconds
            bucket.left = min(Double(rate.count), bucket.left + max(0, bucket.at.duration(to: now) / .seconds(1)) * perSecond)
            bucket.at = now
            defer { buckets[tenant.accounts[0]] = bucket }
            if bucket.left < 1 { return (1 - bucket.left) / perSecond }
            bucket.left -= 1
            return nil
        }
    }

    /// What was taken was not given: the service had no room.
    func giveBack(_ tenant: Tenant) {
        guard let rate = tenant.limits.rate else { return }
        buckets.withLock { buckets in
            guard let left = buckets[tenant.accounts[0]]?.left else { return }
            buckets[tenant.accounts[0]]?.left = min(Double(rate.count), left + 1)
        }
    }
}
