import Foundation

/// A file that appears under its name only when it is complete: written beside it, flushed to the disk, then renamed.
struct AtomicFile: ~Copyable {
    typealias Problem = CheckpointError.Problem

    private let descriptor: Int32
    private let path: String
    private let temporaryPath: String

    init(replacing path: String) throws(Problem) {
        self.path = path
        // A name of its own: with the file's name in it, a long one would become too long.
        let temporaryPath = "\(Self.folder(of: path))/.deblur-\(UInt64.random(in: .min ... .max)).tmp"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .inaccessible("cannot be written: \(systemMessage(errno))") }
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        // Already gone after a successful rename.
        unlink(temporaryPath)
    }

    func write<T: BitwiseCopyable>(_ values: [T]) throws(Problem) {
        let failure = values.withUnsafeBytes { bytes -> Int32? in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
        if let failure { throw .inaccessible("cannot be written: \(systemMessage(failure))") }
    }

    /// Flushes the file, gives it its name, and flushes the folder, so that a crash leaves the old file or the new one.
    consuming func commit() throws(Problem) {
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            throw .inaccessible("cannot be written: \(systemMessage(errno))")
        }
        let folder = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
