import Digests
import Foundation
import Glibc
import HTTP
import Images
import Logging

/// How jobs are begun and how they end on disk. A medium that is full or read-only delays an end; it is tried again until
/// it works, or until the process ends and the next one does the job again.
extension SpoolKeeper {
    /// The work must not begin where it cannot be put on disk that it does.
    func begin(_ job: SpoolJob, tiles: Int, _ answer: @escaping @Sendable (JobBeginning) -> Void) {
        disk.addOperation { [self] in
            guard !isClosed.load(ordering: .relaxed) else { return answer(.lost) }
            do { try countTry(job) } catch {
                _ = problem(for: error, "begin")
                return answer(.failed)
            }
            let seconds = job.begin(tiles: tiles)
            _ = table.withLock { $0.unclaim(job) }
            answer(seconds.map { .begun(queueSeconds: $0) } ?? .lost)
        }
    }

    private func countTry(_ job: SpoolJob) throws {
        guard let spool, spool.isDurable else { return }
        do { try rewrite(job, countingTries: 1, spool) } catch {
            _ = job.countTries(-1)
            throw error
        }
    }

    func takeBackTry(_ job: SpoolJob) {
        disk.addOperation { [self] in
            guard let spool, spool.isDurable, !isClosed.load(ordering: .relaxed), job.record.tries != nil else { return }
            do { try rewrite(job, countingTries: -1, spool) } catch { _ = problem(for: error, "begin") }
        }
    }

    private func rewrite(_ job: SpoolJob, countingTries more: Int, _ spool: JobSpool) throws {
        try job.files.withLock { _ in
            guard let record = job.countTries(more) else { return }
            try spool.replace(record, id: job.id)
        }
    }

    // MARK: Ends

    /// Writes a result and makes its job a success.
    ///
    /// - Parameters:
    ///   - product: kept until it is on disk or not wanted any more.
    ///   - over: called once, on any thread, when the result is on disk or not wanted any more.
    func succeed(
        _ job: SpoolJob, _ product: PhotoPipeline.Product, _ answer: DeblurAnswer, attempt: Int = 0,
        over: @escaping @Sendable () -> Void
    ) {
        guard !isClosed.load(ordering: .relaxed), let spool, let image = product.image else { return over() }
        (attempt == 0 ? disk : retries).addOperation { [self] in
            guard attempt == 0 || !isClosed.load(ordering: .relaxed) else { return over() }
            let failure: (any Error)? = job.files.withLock { _ in
                let (now, tiles) = job.state.withLock { ($0.record, $0.tiles) }
                let preview = product.preview.map(Self.stored)
                guard let record = now.succeeded(answer, Self.stored(image), preview) else { return nil }
                do {
                    try spool.finish(record, tiles: tiles, result: image, preview: product.preview, id: job.id)
                } catch { return error }
                // First: whoever sees that it has succeeded may count on the room that it does not need any more.
                setBytes(of: job, to: image.count + (preview?.bytes ?? 0))
                if job.succeed(record) {
                    context.metrics.jobsEnded(JobState.succeeded.rawValue).add()
                    log(record)
                }
                return nil
            }
            note(failure, of: job)
            guard failure != nil else { return over() }
            context.again(after: attempt) { [self] in succeed(job, product, answer, attempt: attempt + 1, over: over) }
        }
    }

    /// How an attempt to bring an end to disk went; nil: it is there, or not wanted any more.
    private func note(_ failure: (any Error)?, of job: SpoolJob) {
        table.withLock { $0.note(job, lacksRoom: (failure as? DiskError)?.isFull ?? false) }
        if let failure { _ = problem(for: failure, "finish") }
    }

    static func stored(_ file: EncodedImage) -> JobRecord.StoredFile {
        .init(bytes: file.count, digest: file.withUnsafeBytes { SHA256.hash($0).hex })
    }

    private func log(_ record: JobRecord) {
        let seconds = record.finishedAt.map { Double($0.milliseconds - record.createdAt.milliseconds) / 1000 } ?? 0
        context.logger.info(
            "job done",
            metadata: [
                "job": "\(record.id)", "request_id": "\(record.requestID)", "tiles": "\(record.tiles)",
                "bytes_out": "\(record.result?.bytes ?? 0)", "seconds": "\(seconds)",
            ])
    }

    func fail(_ job: SpoolJob, _ error: any Error) {
        let problem = Problem.describing(error)
        guard job.fail(JobProblem(problem, requestID: job.record.requestID)) else { return }
        _ = table.withLock { $0.unclaim(job) }
        context.metrics.jobsEnded(JobState.failed.rawValue).add()
        context.logger.log(
            level: problem.status.rawValue >= 500 ? .error : .info, "job failed",
            metadata: ["job": "\(job.id)", "request_id": "\(job.record.requestID)", "error": "\(error)"])
        save(job)
    }

    func delete(_ id: JobID, for owner: JobOwner, forgetting: Bool, _ answer: @escaping JobAnswer<Void>) {
        guard let job = find(id, for: owner) else { return answer(.failure(.noSuchJob)) }
        let wasRunning = job.record.state == .running
        if job.cancel() {
            table.withLock { table in
                table.queue.remove(job)
                _ = table.unclaim(job)
            }
            context.metrics.jobsEnded(JobState.cancelled.rawValue).add()
            // What runs is counted when it has stopped.
            if !wasRunning { context.metrics.cancelled("queue").add() }
            tell()
        } else if job.record.state == .cancelled || !job.expire() {
            return answer(.success(()))
        }
        guard forgetting else {
            bury(job)
            return save(job) { answer(.success(())) }
        }
        disk.addOperation { [self] in
            forget(job)
            answer(.success(()))
        }
    }

    /// Brings to disk what has become of a job: failed, cancelled or expired.
    ///
    /// - Parameter tried: called once, when it has been tried for the first time.
    private func save(_ job: SpoolJob, attempt: Int = 0, tried: (@Sendable () -> Void)? = nil) {
        guard !isClosed.load(ordering: .relaxed), let spool else {
            tried?()
            return
        }
        (attempt == 0 ? disk : retries).addOperation { [self] in
            guard attempt == 0 || !isClosed.load(ordering: .relaxed) else { return }
            let failure: (any Error)? = job.files.withLock { _ in
                // One that was forgotten meanwhile has no files.
                guard table.withLock({ $0.jobs[job.id] === job }) else { return nil }
                let (record, tiles) = job.state.withLock { ($0.record, $0.tiles) }
                do {
                    if record.isExpired {
                        try spool.expire(record, id: job.id)
                    } else {
                        try spool.finish(record, tiles: tiles, result: nil, id: job.id)
                    }
                } catch { return error }
                job.didStore(record)
                setBytes(of: job, to: 0)
                return nil
            }
            tried?()
            note(failure, of: job)
            guard failure != nil else { return }
            context.again(after: attempt) { [self] in save(job, attempt: attempt + 1) }
        }
    }

    /// Lets go of results whose time is over, and forgets jobs that expired long ago.
    func sweep() {
        guard !isClosed.load(ordering: .relaxed) else { return }
        let jobs = table.withLock { $0.jobs.all }
        for job in jobs {
            guard let age = job.secondsSinceEnd else { continue }
            let isExpired = job.record.isExpired
            if isExpired, age > ttlSeconds + Self.tombstoneSeconds {
                disk.addOperation { [self] in forget(job) }
            } else if !isExpired, age > ttlSeconds, job.expire() {
                save(job)
                bury(job)
            }
        }
    }

    func close() {
        isClosed.store(true, ordering: .relaxed)
        for queue in [disk, retries] { queue.waitUntilAllOperationsAreFinished() }
        guard let spool else { return }
        if !spool.isDurable { spool.removeAll() }
        spool.giveUp()
    }
}
