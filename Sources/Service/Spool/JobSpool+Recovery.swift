import Foundation
import Glibc

extension JobSpool {
    /// What a start found.
    struct Recovery {
        var records: [(id: JobID, record: JobRecord)] = []
        /// What was set aside, or could not be, in words for the log.
        var damaged: [String] = []
    }

    /// Most entries that are kept of what was set aside.
    private static let damagedLimit = 32

    /// Reads every job and tidies up what an end in the middle of a change left behind. Never throws: what cannot be
    /// read is set aside and named.
    func recover() -> Recovery {
        var recovery = Recovery()
        for name in (try? disk.list(incoming)) ?? [] { try? discard("\(incoming)/\(name)") }
        let names: [String]
        do { names = try disk.list("\(folder)/jobs") } catch {
            // Nothing was ever spooled here.
            if (error as? DiskError)?.code != ENOENT { recovery.damaged.append("\(error)") }
            return recovery
        }
        for name in names {
            do {
                guard let id = JobID(name) else {
                    throw SpoolFailure.damaged(file: "\(folder)/jobs/\(name)", reason: "not the name of a job")
                }
                recovery.records.append((id, try checked(id)))
            } catch {
                recovery.damaged.append("\(error)")
                setAside(name)
            }
        }
        recovery.records.sort { ($0.record.createdAt, $0.record.id) < ($1.record.createdAt, $1.record.id) }
        return recovery
    }

    /// Takes a job out of the way that was found to be damaged later.
    func setAside(_ name: String) {
        do {
            try disk.makeFolder(damaged)
            try disk.rename("\(folder)/jobs/\(name)", to: "\(damaged)/\(name).\(UInt32.random(in: 0 ... .max))")
            try disk.sync(folder: damaged)
        } catch {
            // On a read-only medium it stays where it is; it is not served, and found again next time.
            return
        }
        guard let kept = try? disk.list(damaged), kept.count > Self.damagedLimit else { return }
        for name in kept.prefix(kept.count - Self.damagedLimit) { try? discard("\(damaged)/\(name)") }
    }

    private func checked(_ id: JobID) throws -> JobRecord {
        let home = path(of: id)
        let record = try file(of: id).record
        var expected: Set<String> = ["record"]
        for (name, stored) in [("photo", record.input), ("result", record.result)] {
            guard let stored else { continue }
            guard disk.size(of: "\(home)/\(name)") == stored.bytes else {
                throw SpoolFailure.damaged(file: "\(home)/\(name)", reason: "missing, or not its size")
            }
            expected.insert(name)
        }
        // Without it a map has an even ground.
        if record.preview != nil { expected.insert("preview") }
        for name in try disk.list(home) where !expected.contains(name) { try? disk.remove("\(home)/\(name)") }
        return record
    }
}

extension JobSpool {
    private static let prefix = "deblur-jobs-"

    /// A spool for the life of this process, in the folder for temporary files. Those of processes that were killed are
    /// removed: nobody holds their lock.
    static func temporary(disk: any SpoolDisk = PosixDisk()) throws -> JobSpool {
        let parent = FileManager.default.temporaryDirectory.path
        for name in (try? disk.list(parent)) ?? [] where name.hasPrefix(prefix) {
            guard isOurs("\(parent)/\(name)"), let abandoned = try? JobSpool(folder: "\(parent)/\(name)", disk: disk)
            else { continue }
            abandoned.removeAll()
        }
        // It gets the name that others look for once it is locked.
        var template = Array("\(parent)/deblur-new-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw DiskError(call: "mkdtemp", path: parent, code: errno) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let name = "\(parent)/\(prefix)\(UInt64.random(in: 0 ... .max))"
        return try JobSpool(folder: path, movingTo: name, isDurable: false, disk: disk)
    }

    /// Removes the folder itself.
    func removeAll() {
        for name in ["jobs", "incoming", "damaged"] {
            for entry in (try? disk.list("\(folder)/\(name)")) ?? [] { try? discard("\(folder)/\(name)/\(entry)") }
            try? disk.remove("\(folder)/\(name)")
        }
        try? disk.remove(folder)
    }

    private static func isOurs(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
    }
}
