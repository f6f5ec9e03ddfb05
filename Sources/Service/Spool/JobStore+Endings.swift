import Digests
import Foundation
import Glibc
import Images
import Logging

/// How jobs end on disk. A medium that is full or read-only delays an end; it is tried again until it works, or until
/// the process ends and the next one does the job again.
extension JobStore {
    /// Writes a result and makes its job a success.
    ///
    /// - Parameters:
    ///   - holding: kept until the result is on disk or not wanted any more.
    ///   - over: called once, on any thread, when the result is on disk or not wanted any more.
    func succeed(
        _ job: Job, _ product: PhotoPipeline.Product, _ answer: DeblurAnswer, _ result: JobRecord.StoredFile,
        attempt: Int = 0, over: @escaping @Sendable () -> Void
    ) {
        guard !isClosed.load(ordering: .relaxed), let spool else { return over() }
        disk.addOperation { [self] in
            let failure: (any Error)? = job.files.withLock { _ in
                let preview = product.preview.map(Self.stored)
                guard let (record, tiles) = job.success(answer, result, preview) else { return nil }
                do {
                    try spool.finish(
                        record, tiles: tiles, result: product.image, preview: product.preview, id: job.id)
                } catch { return error }
                if job.succeed(record) {
                    setBytes(of: job, to: result.bytes + (preview?.bytes ?? 0))
                    context.metrics.jobsEnded(JobState.succeeded.rawValue).add()
                    log(record)
                }
                return nil
            }
            guard let failure else { return over() }
            _ = problem(for: failure, "finish")
            after(attempt) { [self] in
                succeed(job, product, answer, result, attempt: attempt + 1, over: over)
            }
        }
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

    /// Brings to disk what has become of a job: failed, cancelled or expired.
    ///
    /// - Parameter tried: called once, when it has been tried for the first time.
    func save(_ job: Job, attempt: Int = 0, tried: (@Sendable () -> Void)? = nil) {
        guard !isClosed.load(ordering: .relaxed), let spool else {
            tried?()
            return
        }
        disk.addOperation { [self] in
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
            guard let failure else { return }
            _ = problem(for: failure, "finish")
            after(attempt) { [self] in save(job, attempt: attempt + 1) }
        }
    }

    /// One second, two, four, … half a minute.
    private func after(_ attempt: Int, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().asyncAfter(deadline: .now() + Double(min(30, 1 << min(attempt, 5))), execute: body)
    }

    /// Puts on disk that the work on a job is begun once more. Blocks; the work must not begin where this fails.
    func countTry(_ job: Job) throws {
        guard let spool, spool.isDurable else { return }
        do { try rewrite(job, countingTries: 1, spool) } catch {
            _ = job.record(countingTries: -1)
            throw error
        }
    }

    /// Somebody wanted the end of the work: it is no fault of the job. Blocks.
    func takeBackTry(_ job: Job) {
        guard let spool, spool.isDurable, job.record.tries != nil else { return }
        do { try rewrite(job, countingTries: -1, spool) } catch { _ = problem(for: error, "begin") }
    }

    private func rewrite(_ job: Job, countingTries more: Int, _ spool: JobSpool) throws {
        try job.files.withLock { _ in
            guard let record = job.record(countingTries: more) else { return }
            try spool.replace(record, id: job.id)
        }
    }

    /// Lets go of results whose time is over, and forgets jobs that expired long ago.
    func sweep() {
        guard !isClosed.load(ordering: .relaxed) else { return }
        let jobs = table.withLock { Array($0.jobs.values) }
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

    /// Nothing is written from now on.
    func close() {
        isClosed.store(true, ordering: .relaxed)
        disk.waitUntilAllOperationsAreFinished()
        guard let spool else { return }
        if !spool.isDurable { spool.removeAll() }
        spool.giveUp()
    }
}
