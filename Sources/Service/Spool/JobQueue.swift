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
            return lines.insert(Line(caller: job.caller, jobs: [job]), at: isFirst ? 0 : lines.count)
        }
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

    /// How many come before each of those jobs that wait here.
    func positions(of ids: Set<JobID>) -> [JobID: Int] {
        var positions: [JobID: Int] = [:]
        for own in lines.indices {
            for (place, job) in lines[own].jobs.enumerated() where ids.contains(job.id) {
                positions[job.id] = lines.indices.reduce(0) { sum, line in
                    sum + min(lines[line].jobs.count, line < own ? place + 1 : place)
                }
            }
        }
        return positions
    }

    private func find(_ job: SpoolJob) -> (line: Int, place: Int)? {
        guard let line = lines.firstIndex(where: { $0.caller == job.caller }),
            let place = lines[line].jobs.firstIndex(where: { $0 === job })
        else { return nil }
        return (line, place)
    }
}
