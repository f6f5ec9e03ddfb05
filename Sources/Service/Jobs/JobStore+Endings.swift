import Foundation
import Glibc
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
        _ job: Job, _ product: DeblurWork.Product, _ answer: DeblurAnswer, _ result: JobRecord.StoredFile,
        attempt: Int = 0, over: @escaping @Sendable () -> Void
    ) {
        guard !isClosed.load(ordering: .relaxed), let spool else { return over() }
        disk.addOperation { [self] in
            let failure: (any Error)? = job.files.withLock { _ in
                guard let (record, tiles) = job.success(answer, result) else { return nil }
                do { try spool.finish(record, tiles: tiles, result: product.bytes, id: job.id) } catch { return error }
                if job.succeed(record) {
                    setBytes(of: job, to: result.bytes)
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

    /// Lets go of results whose time is over, and forgets jobs that expired long ago.
    func sweep() {
        guard !isClosed.load(ordering: .relaxed) else { return }
        let jobs = table.withLock { Array($0.jobs.values) }
        for job in jobs {
            let record = job.record
            guard let finished = record.finishedAt else { continue }
            let age = finished.secondsUntilNow
            if record.isExpired, age > ttlSeconds + Self.tombstoneSeconds {
                disk.addOperation { [self] in forget(job) }
            } else if !record.isExpired, age > ttlSeconds, job.expire() {
                save(job)
            }
        }
        forgetSurplus(jobs)
    }

    /// Room for new jobs goes before the memory of expired ones.
    private func forgetSurplus(_ jobs: [Job]) {
        guard jobs.count > Self.jobLimit / 2 else { return }
        let expired = jobs.map { ($0, $0.record) }.filter { $0.1.isExpired }.sorted { $0.1.createdAt < $1.1.createdAt }
        for (job, _) in expired.prefix(jobs.count - Self.jobLimit / 2) { disk.addOperation { [self] in forget(job) } }
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
