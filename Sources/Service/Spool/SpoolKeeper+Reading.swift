import Digests
import Foundation
import HTTP
import Logging

extension SpoolKeeper {
    func find(_ id: JobID, for owner: JobOwner, _ answer: @escaping JobAnswer<JobView>) {
        answer(
            Result { () throws(Problem) in
                guard let job = find(id, for: owner) else { throw .noSuchJob }
                if job.record.isExpired { throw .expired }
                return view(of: job)
            })
    }

    /// With the same work whether there is no such job or it is somebody else's.
    func find(_ id: JobID, for owner: JobOwner) -> SpoolJob? {
        let job = table.withLock { $0.jobs[id] }
        return owner.owns(job?.caller) ? job : nil
    }

    func list(_ query: JobListQuery, _ answer: @escaping JobAnswer<JobPage>) {
        on(lists, answer) { [self] () throws(Problem) in
            // Copies, so that nobody waits while they are looked through.
            let lists = table.withLock { table in query.accounts.map { table.jobs.jobs(of: $0) } }
            var jobs = lists.count == 1 ? lists[0] : lists.joined().sorted { $0.createdAt < $1.createdAt }
            if let after = query.after {
                guard let place = jobs.lastIndex(where: { $0.id == after }) else { throw .noSuchPage }
                jobs.removeSubrange(place...)
            }
            let found = jobs.reversed().lazy.compactMap { job -> SpoolJob? in
                let (state, isExpired) = job.state.withLock { ($0.record.state, $0.record.isExpired) }
                return isExpired || query.state.map { $0 != state } ?? false ? nil : job
            }
            let some = Array(found.prefix(query.limit + 1))
            let page = Array(some.prefix(query.limit))
            return JobPage(jobs: page.map { view(of: $0) }, next: some.count > query.limit ? page.last?.id : nil)
        }
    }

    func events(of id: JobID, _ answer: @escaping JobAnswer<any JobEvents>) {
        let job: SpoolJob
        do throws(Problem) { job = try self.job(id) } catch { return answer(.failure(error)) }
        if let log = job.log { return answer(.success(log)) }
        onDisk(answer) { [self] () throws(Problem) in
            // One for all who read it at the same time.
            if let log = job.state.withLock({ $0.replay }) { return log }
            let log = EventLog(of: job.record, tiles: try tiles(of: job))
            return job.state.withLock { state in
                // Somebody may have made it meanwhile.
                let first = state.replay ?? log
                state.replay = first
                return first
            }
        }
    }

    func exits(of id: JobID, withPreview: Bool, _ answer: @escaping JobAnswer<JobExits>) {
        onDisk(answer) { [self] () throws(Problem) in
            let job = try job(id)
            let tiles = try tiles(of: job)
            return JobExits(record: job.record, tiles: tiles, preview: withPreview ? preview(of: job) : nil)
        }
    }

    func result(of id: JobID, _ answer: @escaping JobAnswer<any StoredBytes>) {
        onDisk(answer) { [self] () throws(Problem) in SpooledBytes(file: try result(of: try job(id)), disk: disk) }
    }

    func view(of job: SpoolJob) -> JobView {
        let record = job.record
        guard record.state == .queued else { return JobView(id: job.id, record: record) }
        return JobView(id: job.id, record: record, place: table.withLock { $0.turns.place(of: job) })
    }

    private func job(_ id: JobID) throws(Problem) -> SpoolJob {
        guard let job = table.withLock({ $0.jobs[id] }) else { throw .noSuchJob }
        if job.record.isExpired { throw .expired }
        return job
    }

    private func onDisk<Value>(_ answer: @escaping JobAnswer<Value>, _ body: @escaping @Sendable () throws(Problem) -> Value) {
        on(disk, answer, body)
    }

    private func on<Value>(
        _ queue: OperationQueue, _ answer: @escaping JobAnswer<Value>, _ body: @escaping @Sendable () throws(Problem) -> Value
    ) {
        queue.addOperation { answer(Result(catching: body)) }
    }

    // MARK: On disk

    /// Answers 500 where the photo is not what was posted any more.
    func photo(of job: SpoolJob, _ answer: @escaping JobAnswer<[UInt8]>) {
        onDisk(answer) { [self] () throws(Problem) in
            do {
                guard let spool, let stored = job.record.input else {
                    throw DiskError(call: "open", path: "photo", code: ENOENT)
                }
                return try spool.photo(of: job.id, stored)
            } catch {
                // It was deleted meanwhile.
                if job.record.state.isFinal { throw .cancelled }
                throw damage(job, error, "The photo was damaged while it waited on the service's disk. Send it again.")
            }
        }
    }

    /// The first time in a process its digest is compared.
    private func result(of job: SpoolJob) throws(Problem) -> OpenFile {
        let (record, isVerified) = job.state.withLock { ($0.record, $0.isVerified) }
        guard let spool, let stored = record.result, !record.isExpired else { throw .expired }
        do {
            let file = try spool.result(of: job.id, stored)
            if !isVerified {
                guard try Self.digest(of: file) == stored.digest else {
                    throw SpoolFailure.damaged(file: file.path, reason: "not what was written")
                }
                job.state.withLock { $0.isVerified = true }
            }
            return file
        } catch {
            if job.record.isExpired { throw .expired }
            throw damage(job, error, "The result was damaged on the service's disk. Send the photo again.")
        }
    }

    /// Nil where it cannot be read.
    private func preview(of job: SpoolJob) -> [UInt8]? {
        guard let spool, let stored = job.record.preview else { return nil }
        return try? spool.preview(of: job.id, stored)
    }

    private func tiles(of job: SpoolJob) throws(Problem) -> [JobTile] {
        let (record, tiles) = job.state.withLock { ($0.record, $0.tiles) }
        guard tiles.isEmpty, record.tilesDone > 0 else { return tiles }
        do { return try spool?.tiles(of: job.id) ?? [] } catch {
            if job.record.isExpired { throw .expired }
            throw damage(job, error, "The job's tiles were damaged on the service's disk.")
        }
    }

    private static func digest(of file: OpenFile) throws -> String {
        var hash = SHA256()
        var offset = 0
        while offset < file.bytes {
            let block = try file.read(at: offset, count: min(1 << 20, file.bytes - offset))
            hash.update(block)
            offset += block.count
        }
        return hash.finalize().hex
    }

    private func damage(_ job: SpoolJob, _ error: any Error, _ detail: String) -> Problem {
        context.metrics.spoolErrors("read").add()
        context.logger.error(
            "a spooled job cannot be read", metadata: ["job": "\(job.id)", "error": "\(error)"])
        return Problem(.internalServerError, .internalError, detail)
    }
}

/// A result in its file, which stays whole for its reader when the job is deleted.
private struct SpooledBytes: StoredBytes {
    let file: OpenFile
    let disk: OperationQueue

    var count: Int { file.bytes }

    func read(at offset: Int, count: Int, _ answer: @escaping @Sendable ([UInt8]?) -> Void) {
        disk.addOperation { answer(try? file.read(at: offset, count: count)) }
    }
}
