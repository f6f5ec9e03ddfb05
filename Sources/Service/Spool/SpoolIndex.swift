/// The jobs of a spool: by name, and by caller in the order in which they came.
struct SpoolIndex {
    private var byID: [JobID: SpoolJob] = [:]
    private var byCaller: [String: [SpoolJob]] = [:]

    var all: [SpoolJob] { Array(byID.values) }

    subscript(id: JobID) -> SpoolJob? { byID[id] }

    func jobs(of caller: String) -> [SpoolJob] { byCaller[caller] ?? [] }

    mutating func add(_ job: SpoolJob) {
        byID[job.id] = job
        byCaller[job.caller, default: []].append(job)
    }

    /// False when it was not there.
    mutating func remove(_ job: SpoolJob) -> Bool {
        guard byID.removeValue(forKey: job.id) != nil else { return false }
        // The oldest go first: it is near the beginning.
        if let place = byCaller[job.caller]?.firstIndex(where: { $0 === job }) { byCaller[job.caller]?.remove(at: place) }
        if byCaller[job.caller]?.isEmpty ?? false { byCaller[job.caller] = nil }
        return true
    }
}

/// Who waits in a spool, at a moment.
struct SpoolTurns {
    let queue: JobQueue
    /// Out of the queue and not begun.
    let claimed: [SpoolJob]

    /// Where a job waits; nil where it does not.
    func place(of job: SpoolJob) -> JobPlace? {
        if claimed.contains(where: { $0 === job }) { return place(ahead: 0) }
        return queue.position(of: job).map { place(ahead: claimed.count + $0) }
    }

    /// Where a job waits that comes now.
    var placeOfNext: JobPlace { place(ahead: claimed.count + queue.count) }

    private func place(ahead: Int) -> JobPlace {
        // Those ahead are taken to be like all that wait: looking at each would take longer the more there are.
        JobPlace(ahead: ahead, meanTiles: Double(queue.tiles) / Double(max(1, queue.count)))
    }
}
