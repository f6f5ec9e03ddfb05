import Glibc

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
