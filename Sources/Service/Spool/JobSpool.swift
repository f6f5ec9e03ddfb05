import Digests
import Foundation
import Glibc
import Images
import Synchronization

/// The jobs on disk: a folder for each.
///
///     <state>/jobs/<id>/record    what is known of the job, and its tiles; replaced as a whole
///     <state>/jobs/<id>/photo     what was posted, until the job has ended
///     <state>/jobs/<id>/result    the image, until it expires
///     <state>/jobs/<id>/preview   what heat maps are drawn on, as long as the result
///     <state>/incoming/           what is not complete, or on its way out; emptied at every start
///     <state>/damaged/            what could not be read
///
/// Every change is one rename of something that is complete and on the medium: a kill or a power cut leaves the job as
/// it was before or as it is afterwards. Calls block; calls for the same job must not overlap.
package final class JobSpool: Sendable {
    let folder: String
    let disk: any SpoolDisk
    /// Whether anything has to be on the medium before it counts.
    let isDurable: Bool
    /// Holds the lock for as long as it is open.
    private let lock: Int32
    /// The folders are there, and their names are on the medium.
    private let hasFolders = Atomic(false)

    /// Takes the folder for this process alone; a kill gives it back.
    ///
    /// - Parameter target: the folder's name once it is taken; nil: it keeps its own.
    /// - Throws: ``DiskError``, ``SpoolFailure/inUse(folder:)``.
    package init(
        folder: String, movingTo target: String? = nil, isDurable: Bool = true, disk: any SpoolDisk = PosixDisk()
    ) throws {
        self.folder = target ?? folder
        self.isDurable = isDurable
        self.disk = disk
        // The folder itself is locked, which works without writing to it.
        lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw DiskError(call: "open", path: folder, code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK
                ? SpoolFailure.inUse(folder: folder) : DiskError(call: "flock", path: folder, code: errno)
        }
        if let target { try disk.rename(folder, to: target) }
    }

    deinit {
        if lock >= 0 { close(lock) }
    }

    /// Another process, or another spool of this one, may have the folder.
    func giveUp() { flock(lock, LOCK_UN) }

    func path(of id: JobID) -> String { "\(folder)/jobs/\(id)" }
    var incoming: String { "\(folder)/incoming" }
    var damaged: String { "\(folder)/damaged" }

    /// Folders are made when they are needed, so that a medium that was full or read-only at the start is no reason to
    /// start anew.
    func makeFolders() throws {
        guard !hasFolders.load(ordering: .relaxed) else { return }
        for name in ["jobs", "incoming"] { try disk.makeFolder("\(folder)/\(name)") }
        try sync(folder)
        hasFolders.store(true, ordering: .relaxed)
    }

    // MARK: Changes

    /// Whether there is so much room, by the numbers of the file system; where it tells none, there is.
    ///
    /// - Throws: ``SpoolFailure/noRoom(needed:actual:)``.
    func check(room needed: Int) throws(SpoolFailure) {
        guard let actual = disk.room(at: folder), actual < needed else { return }
        throw .noRoom(needed: needed, actual: actual)
    }

    /// Takes in a new job. When this returns it survives.
    func accept(_ record: JobRecord, photo: ArraySlice<UInt8>, id: JobID) throws {
        try makeFolders()
        let new = "\(incoming)/\(id)"
        do {
            try disk.makeFolder(new)
            try photo.withUnsafeBytes { try disk.write($0, to: "\(new)/photo", synced: isDurable) }
            try write(JobFile(record: record, tiles: []), to: "\(new)/record")
            try sync(new)
            try disk.rename(new, to: path(of: id))
        } catch {
            // Whoever took the folders away may have brought back the medium.
            hasFolders.store(false, ordering: .relaxed)
            try? discard(new)
            throw error
        }
        do { try sync("\(folder)/jobs") } catch {
            // It may or may not survive: it must not be there if it is refused.
            try? remove(id)
            throw error
        }
    }

    /// Replaces what is known of a job that has not ended.
    func replace(_ record: JobRecord, id: JobID) throws {
        try replaceRecord(JobFile(record: record, tiles: []), in: path(of: id))
    }

    /// Puts a job's end on disk: the result first, then the record that names it, then the photo goes. What takes room comes before
    /// what is renamed: where there is none, nothing is left behind that would be in the way of the next attempt.
    func finish(
        _ record: JobRecord, tiles: [JobTile], result: EncodedImage?, preview: EncodedImage? = nil, id: JobID
    ) throws {
        let home = path(of: id)
        let file = JobFile(record: record, tiles: tiles)
        if let result {
            var isOver = false
            do {
                try result.withUnsafeBytes { try disk.write($0, to: "\(home)/result.new", synced: isDurable) }
                try preview?.withUnsafeBytes { try disk.write($0, to: "\(home)/preview", synced: isDurable) }
                try write(file, to: "\(home)/record.new")
                try disk.rename("\(home)/result.new", to: "\(home)/result")
                // Nothing says that the medium keeps two renames in order.
                try sync(home)
                try disk.rename("\(home)/record.new", to: "\(home)/record")
                isOver = true
                try sync(home)
            } catch {
                for name in isOver ? [] : ["result.new", "preview", "record.new"] { try? disk.remove("\(home)/\(name)") }
                throw error
            }
        } else {
            do { try replaceRecord(file, in: home) } catch {
                // A job without a result needs its photo no more, and that may be the room that is missing. Until the
                // record can be written the job counts as damaged.
                try disk.remove("\(home)/photo")
                try replaceRecord(file, in: home)
            }
        }
        // What is left behind here is removed at the next start.
        try? disk.remove("\(home)/photo")
    }

    /// Removes photo and result; only the record that says so stays.
    func expire(_ record: JobRecord, id: JobID) throws {
        let home = path(of: id)
        do { try replaceRecord(JobFile(record: record, tiles: []), in: home) } catch {
            try disk.remove("\(home)/result")
            try replaceRecord(JobFile(record: record, tiles: []), in: home)
        }
        for name in ["photo", "result", "preview"] { try disk.remove("\(home)/\(name)") }
    }

    /// Removes every trace.
    func remove(_ id: JobID) throws {
        let gone = "\(incoming)/\(id).gone"
        try disk.makeFolder(incoming)
        try disk.rename(path(of: id), to: gone)
        try sync("\(folder)/jobs")
        try discard(gone)
    }

    private func replaceRecord(_ file: JobFile, in home: String) throws {
        do {
            try write(file, to: "\(home)/record.new")
            try disk.rename("\(home)/record.new", to: "\(home)/record")
            try sync(home)
        } catch {
            try? disk.remove("\(home)/record.new")
            throw error
        }
    }

    private func write(_ file: JobFile, to path: String) throws {
        try file.text.withUnsafeBytes { try disk.write($0, to: path, synced: isDurable) }
    }

    private func sync(_ path: String) throws {
        if isDurable { try disk.sync(folder: path) }
    }

    /// Removes a folder of files.
    func discard(_ path: String) throws {
        for name in (try? disk.list(path)) ?? [] { try disk.remove("\(path)/\(name)") }
        try disk.remove(path)
    }

    // MARK: Reading

    /// The photo as it was posted.
    ///
    /// - Throws: ``DiskError``, ``SpoolFailure/damaged(file:reason:)``.
    func photo(of id: JobID, _ stored: JobRecord.StoredFile) throws -> [UInt8] {
        let path = "\(path(of: id))/photo"
        let bytes = try disk.read(path, limit: stored.bytes)
        guard bytes.count == stored.bytes, SHA256.hash(bytes).hex == stored.digest else {
            throw SpoolFailure.damaged(file: path, reason: "not what was posted")
        }
        return bytes
    }

    /// What heat maps are drawn on.
    ///
    /// - Throws: as ``photo(of:_:)``.
    func preview(of id: JobID, _ stored: JobRecord.StoredFile) throws -> [UInt8] {
        let path = "\(path(of: id))/preview"
        let bytes = try disk.read(path, limit: stored.bytes)
        guard bytes.count == stored.bytes, SHA256.hash(bytes).hex == stored.digest else {
            throw SpoolFailure.damaged(file: path, reason: "not what was written")
        }
        return bytes
    }

    /// The tiles of a job that has ended.
    func tiles(of id: JobID) throws -> [JobTile] { try file(of: id).tiles }

    func file(of id: JobID) throws -> JobFile {
        let path = "\(path(of: id))/record"
        return try JobFile(disk.read(path, limit: JobFile.longest), path: path, id: id)
    }

    /// - Throws: ``DiskError``, ``SpoolFailure/damaged(file:reason:)`` where its size is not that of the record.
    func result(of id: JobID, _ stored: JobRecord.StoredFile) throws -> OpenFile {
        let file = try OpenFile("\(path(of: id))/result")
        guard file.bytes == stored.bytes else {
            throw SpoolFailure.damaged(file: file.path, reason: "\(file.bytes) bytes, \(stored.bytes) were written")
        }
        return file
    }
}
