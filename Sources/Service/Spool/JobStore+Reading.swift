import Digests
import Foundation
import HTTP
import Logging

extension JobStore {
    /// The photo of a job that is to be done. Blocks.
    ///
    /// - Throws: ``Problem`` 500 where it is not what was posted any more.
    func photo(of job: Job) throws(Problem) -> [UInt8] {
        do {
            guard let spool, let stored = job.record.input else {
                throw DiskError(call: "open", path: "photo", code: ENOENT)
            }
            return try spool.photo(of: job.id, stored)
        } catch {
            throw damage(job, error, "The photo was damaged while it waited on the service's disk. Send it again.")
        }
    }

    /// The result of a job that succeeded. Blocks: the first time in a process its digest is compared.
    ///
    /// - Throws: ``Problem``: 410 when it has just gone, 500 where it is not what was written any more.
    func result(of job: Job) throws(Problem) -> OpenFile {
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

    /// What heat maps of a finished job are drawn on; nil where it cannot be read. Blocks.
    func preview(of job: Job) -> [UInt8]? {
        guard let spool, let stored = job.record.preview else { return nil }
        return try? spool.preview(of: job.id, stored)
    }

    /// Finished tiles so far. Blocks.
    func tiles(of job: Job) throws(Problem) -> [JobTile] {
        let (record, tiles) = job.state.withLock { ($0.record, $0.tiles) }
        guard tiles.isEmpty, record.tilesDone > 0 else { return tiles }
        do { return try spool?.tiles(of: job.id) ?? [] } catch {
            if job.record.isExpired { throw .expired }
            throw damage(job, error, "The job's tiles were damaged on the service's disk.")
        }
    }

    static func digest(of file: OpenFile) throws -> String {
        var hash = SHA256()
        var offset = 0
        while offset < file.bytes {
            let block = try file.read(at: offset, count: min(1 << 20, file.bytes - offset))
            hash.update(block)
            offset += block.count
        }
        return hash.finalize().hex
    }

    private func damage(_ job: Job, _ error: any Error, _ detail: String) -> Problem {
        context.metrics.spoolErrors("read").add()
        context.logger.error(
            "a spooled job cannot be read", metadata: ["job": "\(job.id)", "error": "\(error)"])
        return Problem(.internalServerError, .internalError, detail)
    }
}
