import Glibc

/// Where bytes come from.
public enum FileInput: Sendable, Hashable {
    case standardInput
    case file(FilePath)

    /// All bytes.
    ///
    /// - Parameter check: called once with the first bytes (at least eight, or all), before the rest is read; an input
    ///   may be endless.
    /// - Throws: ``FileError``, and what `check` throws.
    public func read(check: ([UInt8]) throws -> Void = { _ in }) throws -> [UInt8] {
        let descriptor = try open()
        var status = stat()
        var chunk = 1 << 16
        var bytes: [UInt8] = []
        if fstat(descriptor.number, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { throw FileError(path, code: EISDIR) }
            if status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 {
                bytes.reserveCapacity(Int(status.st_size))
                chunk = min(Int(status.st_size), 1 << 24)
            }
        }
        var isChecked = false
        while try descriptor.read(into: &bytes, count: chunk) {
            if !isChecked, bytes.count >= 8 {
                try check(bytes)
                isChecked = true
            }
        }
        if !isChecked { try check(bytes) }
        return bytes
    }

    /// The first bytes, at most so many.
    public func head(_ count: Int) throws(FileError) -> [UInt8] {
        let descriptor = try open()
        var bytes: [UInt8] = []
        while bytes.count < count, try descriptor.read(into: &bytes, count: count - bytes.count) {}
        return bytes
    }

    /// As messages call it.
    public var path: FilePath {
        switch self {
        case .standardInput: FilePath("standard input")
        case .file(let path): path
        }
    }

    private func open() throws(FileError) -> Descriptor {
        switch self {
        case .standardInput: return try .duplicate(STDIN_FILENO, as: path)
        case .file(let path):
            do {
                return try .open(path, O_RDONLY)
            } catch {
                // A socket cannot be opened by its name in /dev/fd, nor can a file of somebody else's.
                guard let number = path.descriptor, error.code == ENXIO || error.code == EACCES else { throw error }
                return try .duplicate(number, as: path)
            }
        }
    }
}
