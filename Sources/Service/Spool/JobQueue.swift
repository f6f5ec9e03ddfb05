/// Jobs that wait for their turn: the callers take turns, and each caller's first comes first.
struct JobQueue {
    private struct Line {
        let caller: String
        var jobs: [SpoolJob]
    }

    /// Each with a job at least, from the next turn on.
    private var lines: [Line] = []
    private(set) var count = 0
    /// Tiles of all jobs, by their records.
    private(set) var tiles = 0

    /// The job whose turn is next.
    var first: SpoolJob? { lines.first?.jobs.first }

    var all: [SpoolJob] { lines.flatMap(\.jobs) }

    /// - Parameter isFirst: at the head of its caller's line, whose turn is then next; else at its end.
    mutating func add(_ job: SpoolJob, isFirst: Bool = false) {
        count += 1
        tiles += job.tiles
        guard let index = lines.firstIndex(where: { $0.caller == job.caller }) else {
            job.number.store(0, ordering: .relaxed)
            return lines.insert(Line(caller: job.caller, jobs: [job]), at: isFirst ? 0 : lines.count)
        }
        let neighbour = isFirst ? lines[index].jobs.first : lines[index].jobs.last
        job.number.store((neighbour?.number.load(ordering: .relaxed) ?? 0) + (isFirst ? -1 : 1), ordering: .relaxed)
        lines[index].jobs.insert(job, at: isFirst ? 0 : lines[index].jobs.count)
        if isFirst, index > 0 { lines.insert(lines.remove(at: index), at: 0) }
    }

    /// Takes ``first``; its caller's next turn comes after everybody else's.
    mutating func takeFirst() -> SpoolJob? {
        guard !lines.isEmpty else { return nil }
        var line = lines.removeFirst()
        let job = line.jobs.removeFirst()
        if !line.jobs.isEmpty { lines.append(line) }
        count -= 1
        tiles -= job.tiles
        return job
    }

    mutating func remove(_ job: SpoolJob) {
        guard let (line, place) = find(job) else { return }
        lines[line].jobs.remove(at: place)
        if lines[line].jobs.isEmpty { lines.remove(at: line) }
        count -= 1
        tiles -= job.tiles
    }

    mutating func removeAll() { self = JobQueue() }

    /// How many come before a job; nil where it does not wait here. Event loops ask: it takes no longer the more jobs a caller has.
    func position(of job: SpoolJob) -> Int? {
        guard let (own, place) = find(job) else { return nil }
        return lines.indices.reduce(0) { sum, line in sum + min(lines[line].jobs.count, line < own ? place + 1 : place) }
    }

    /// By its number: those of a line ascend.
    private func find(_ job: SpoolJob) -> (line: Int, place: Int)? {
        guard let line = lines.firstIndex(where: { $0.caller == job.caller }) else { return nil }
        let (jobs, number) = (lines[line].jobs, job.number.load(ordering: .relaxed))
        var (low, high) = (0, jobs.count)
        while low < high {
            let middle = (low + high) / 2
            if jobs[middle].number.load(ordering: .relaxed) < number { low = middle + 1 } else { high = middle }
        }
        return low < jobs.count && jobs[low] === job ? (line, low) : nil
    }
}
