import Glibc

/// Where bytes go.
public enum FileOutput: Sendable, Hashable {
    case standardOutput
    case file(FilePath)

    /// Writes all bytes. A file appears under its name when it is complete, flushed to the disk; what is not a file (a
    /// pipe, a terminal, `/dev/stdout`) is written to as it is.
    ///
    /// - Throws: ``FileError``.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        switch self {
        case .standardOutput: try Self.write(bytes, to: .duplicate(STDOUT_FILENO, as: path))
        case .file(let path):
            if let number = path.descriptor {
                try Self.write(bytes, to: .duplicate(number, as: path))
            } else if try path.status()?.kind == .other {
                try Self.write(bytes, to: .open(path, O_WRONLY))
            } else {
                try Self.replace(path, with: bytes)
            }
        }
    }

    public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

    /// As messages call it.
    public var path: FilePath {
        switch self {
        case .standardOutput: FilePath("standard output")
        case .file(let path): path
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: borrowing Descriptor) throws(FileError) {
        let failure = bytes.withUnsafeBytes { bytes -> FileError? in
            do throws(FileError) {
                try descriptor.write(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Under another name in the same folder first: who interrupts finds the old file or none, never a part of one.
    private static func replace(_ path: FilePath, with bytes: [UInt8]) throws(FileError) {
        // A link stays a link; what it leads to is replaced.
        let target = path.resolved ?? path
        if target.kind == .folder { throw FileError(path, code: EISDIR) }
        // A name of its own: with the file's name in it, a long one would become too long.
        let temporary = target.parent.appending(FilePath(".deblur-\(UInt64.random(in: .min ... .max)).tmp"))
        do throws(FileError) {
            let descriptor = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
            try write(bytes, to: descriptor)
            if fdatasync(descriptor.number) != 0, errno != EINVAL { throw FileError(path, code: errno) }
            let isRenamed = temporary.withCString { from in target.withCString { rename(from, $0) } } == 0
            if !isRenamed { throw FileError(path, code: errno) }
        } catch {
            let code = error.code
            _ = temporary.withCString { unlink($0) }
            throw FileError(path, code: code)
        }
    }
}
