import Glibc

/// A file could not be read or written.
package struct DiskError: Error, Equatable, CustomStringConvertible {
    /// The system call that failed.
    package let call: String
    package let path: String
    /// errno
    package let code: Int32

    package init(call: String, path: String, code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    package var description: String { "\(call) \(path): \(String(cString: strerror(code)))" }
}

/// What the spool asks of a file system. All paths are absolute. In tests a disk that fails stands in.
package protocol SpoolDisk: Sendable {
    /// Makes one folder for this user alone; one that is there is as good.
    func makeFolder(_ path: String) throws
    /// Makes or replaces a file. With `synced`, returns when its content is on the medium.
    func write(_ bytes: UnsafeRawBufferPointer, to path: String, synced: Bool) throws
    /// Atomic, within one file system; replaces a file.
    func rename(_ path: String, to other: String) throws
    /// Removes a file or an empty folder; one that is not there is as good.
    func remove(_ path: String) throws
    /// Returns when the folder's entries are on the medium.
    func sync(folder path: String) throws
    func read(_ path: String, limit: Int) throws -> [UInt8]
    /// The names in a folder, sorted, without `.` and `..`.
    func list(_ path: String) throws -> [String]
    /// Bytes of a regular file; nil for anything else.
    func size(of path: String) -> Int?
    /// Bytes that this process may still write to the file system of a path; nil where it does not tell. Quotas are not seen.
    func room(at path: String) -> Int?
}

/// Why the spool cannot do what it was asked.
package enum SpoolFailure: Error, Equatable, CustomStringConvertible {
    /// A file that is not what its record, or its checksum, says.
    case damaged(file: String, reason: String)
    /// Another process has the folder.
    case inUse(folder: String)
    /// As many bytes, or jobs, as may be kept are kept.
    case full(limit: Int, actual: Int)
    /// As many jobs as the caller's key may have.
    case allOfCaller(limit: Int, actual: Int)
    /// The medium has too little left for the photo and for the results that are to come; bytes.
    case noRoom(needed: Int, actual: Int)
    /// A result that is done has no room.
    case resultsWait

    package var description: String {
        switch self {
        case .damaged(let file, let reason): "\(file): \(reason)"
        case .inUse(let folder): "the state folder \(folder) is used by another process"
        case .full(let limit, let actual): "the spool would hold \(actual), it may hold \(limit)"
        case .allOfCaller(let limit, let actual): "\(actual) jobs of a caller who may have \(limit)"
        case .noRoom(let needed, let actual): "\(actual) bytes are free, \(needed) are kept for results that are to come"
        case .resultsWait: "a result waits for room"
        }
    }
}

/// The real file system, with what durability takes: see fsync(2), rename(2), open(2).
package struct PosixDisk: SpoolDisk {
    package init() {}

    /// For the new job and for the ends of some.
    private static let leastFiles = 64

    package func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw DiskError(call: "mkdir", path: path, code: errno)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, to path: String, synced: Bool) throws {
        // No link is followed: nobody else may write here, but a mistake should not reach beyond the folder either.
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw DiskError(call: "open", path: path, code: errno) }
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(file, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : ENOSPC
                Glibc.close(file)
                throw DiskError(call: "write", path: path, code: code)
            }
            written += count
        }
        if synced, fsync(file) != 0 {
            let code = errno
            Glibc.close(file)
            throw DiskError(call: "fsync", path: path, code: code)
        }
        // Network file systems say here that they had no room.
        guard Glibc.close(file) == 0 || errno == EINTR else { throw DiskError(call: "close", path: path, code: errno) }
    }

    package func rename(_ path: String, to other: String) throws {
        guard Glibc.rename(path, other) == 0 else { throw DiskError(call: "rename", path: path, code: errno) }
    }

    package func remove(_ path: String) throws {
        guard Glibc.remove(path) != 0, errno != ENOENT else { return }
        throw DiskError(call: "remove", path: path, code: errno)
    }

    package func sync(folder path: String) throws {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw DiskError(call: "open", path: path, code: errno) }
        defer { Glibc.close(folder) }
        // Some file systems cannot, and then need not.
        guard fsync(folder) == 0 || errno == EINVAL || errno == EROFS else {
            throw DiskError(call: "fsync", path: path, code: errno)
        }
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        let file = try OpenFile(path)
        guard file.bytes <= limit else { throw DiskError(call: "read", path: path, code: EFBIG) }
        return try file.read(at: 0, count: file.bytes)
    }

    package func list(_ path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw DiskError(call: "opendir", path: path, code: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func size(of path: String) -> Int? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    package func room(at path: String) -> Int? {
        var system = statvfs()
        // Some know no numbers: ramfs, several in user space.
        guard statvfs(path, &system) == 0, system.f_blocks > 0 else { return nil }
        // A file takes one of these as well, where they are counted.
        if system.f_files > 0, system.f_favail < Self.leastFiles { return 0 }
        let (room, overflows) = Int(clamping: system.f_bavail).multipliedReportingOverflow(by: Int(clamping: system.f_frsize))
        return overflows ? nil : room
    }
}

/// A regular file that is open for reading: it stays whole for its reader when its name goes away.
final class OpenFile: Sendable {
    let path: String
    /// When it was opened.
    let bytes: Int
    private let descriptor: Int32

    /// - Throws: ``DiskError``; also for what is no regular file.
    init(_ path: String) throws {
        self.path = path
        // Not blocking: a pipe that somebody put there must not hold the thread.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            bytes = 0
            throw DiskError(call: "open", path: path, code: errno)
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        bytes = Int(status.st_size)
        guard isKnown else { throw DiskError(call: "fstat", path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw DiskError(call: "open", path: path, code: EISDIR) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// As many bytes as asked for.
    ///
    /// - Throws: ``DiskError``; EIO where the file ends early.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        var failure: Int32 = 0
        let content = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? errno : EIO
                    return
                }
                filled += got
            }
        }
        guard failure == 0 else { throw DiskError(call: "read", path: path, code: failure) }
        return content
    }
}
