import Glibc

/// The real file system, with what durability takes: see fsync(2), rename(2), open(2).
package struct PosixDisk: SpoolDisk {
    package init() {}

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
}
