import Foundation
import Glibc

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
