import Glibc

/// What a name stands for, links followed.
public struct FileStatus: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case file, folder
        /// A pipe, a terminal, a device, a socket.
        case other
    }

    /// Equal for two names of one file.
    public struct Identity: Sendable, Hashable {
        let device: dev_t
        let node: ino_t
    }

    public let kind: Kind
    public let identity: Identity

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        identity = Identity(device: status.st_dev, node: status.st_ino)
    }
}

extension FilePath {
    func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
        }
    }

    /// Nil where nothing has the name.
    ///
    /// - Throws: ``FileError`` where that cannot be told.
    public func status() throws(FileError) -> FileStatus? {
        var status = stat()
        if withCString({ stat($0, &status) }) == 0 { return FileStatus(status) }
        let code = errno
        if code == ENOENT || code == ENOTDIR { return nil }
        throw FileError(self, code: code)
    }

    /// What it stands for; nil for nothing, and where that cannot be told.
    public var kind: FileStatus.Kind? { (try? status())?.kind }

    /// Whether this process may put files into it.
    public var isWritableFolder: Bool { kind == .folder && withCString { access($0, W_OK | X_OK) } == 0 }

    public var isWritable: Bool { withCString { access($0, W_OK) } == 0 }

    public var isReadable: Bool { withCString { access($0, R_OK) } == 0 }

    /// Makes the folder, whose parent has to be there; nothing where it is there.
    public func makeFolder() throws(FileError) {
        guard withCString({ mkdir($0, 0o777) }) != 0 else { return }
        let code = errno
        if code == EEXIST, kind == .folder { return }
        throw FileError(self, code: code == EEXIST ? ENOTDIR : code)
    }

    /// Makes the folder and those that hold it.
    public func makeFolders() throws(FileError) {
        if kind == .folder { return }
        if parent != self { try parent.makeFolders() }
        try makeFolder()
    }

    /// The name without links, dots and doubled slashes; nil where nothing has the name.
    public var resolved: FilePath? {
        guard let real = withCString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FilePath(bytes: UnsafeBufferPointer(start: real, count: strlen(real)).map { UInt8(bitPattern: $0) })
    }

    /// Equal for two ways to write one name, whether something has it or not.
    public var place: FilePath {
        guard let name = lastComponent else { return resolved ?? self }
        return resolved ?? parent.resolved.map { $0.appending(name) } ?? self
    }

    /// The descriptor of this process that it names: `/dev/stdin`, `/dev/stdout`, `/dev/fd/63`, as shells pass them.
    public var descriptor: Int32? {
        guard let text else { return nil }
        switch text {
        case "/dev/stdin": return 0
        case "/dev/stdout": return 1
        case "/dev/stderr": return 2
        default:
            let folder = ["/dev/fd/", "/proc/self/fd/"].first { text.hasPrefix($0) }
            return folder.flatMap { Int32(text.dropFirst($0.count)) }.flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}

extension FilePath {
    /// Opens a folder for good; nil where it cannot be.
    public func openForGood() -> Int32? {
        let number = withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        return number >= 0 ? number : nil
    }
}
