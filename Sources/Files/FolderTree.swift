import Glibc

/// What lies below a folder. Folders that links lead to are not entered: they may lead back.
public struct FolderTree: Sendable {
    public enum Kind: Sendable, Hashable {
        case file
        /// A pipe, a device, a socket.
        case special
        case linkToFolder
        /// A file or folder whose name begins with a dot; what is in such a folder is not listed.
        case hidden
        /// A folder that cannot be listed.
        case closedFolder
    }

    public struct Entry: Sendable, Equatable {
        /// Below the folder.
        public let path: FilePath
        public let kind: Kind

        public init(path: FilePath, kind: Kind) {
            self.path = path
            self.kind = kind
        }
    }

    /// Sorted by the bytes of their paths.
    public private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - excluded: a folder that is passed over, wherever it is met.
    ///   - folder: the top of the tree.
    /// - Throws: ``FileError`` where the folder itself cannot be listed.
    public init(below folder: FilePath, excluding excluded: FileStatus.Identity? = nil) throws(FileError) {
        try list(folder, FilePath(bytes: []), excluded)
        entries.sort { $0.path < $1.path }
    }

    private mutating func list(
        _ root: FilePath, _ relative: FilePath, _ excluded: FileStatus.Identity?
    ) throws(FileError) {
        let folder = relative.bytes.isEmpty ? root : root.appending(relative)
        for name in try Self.names(in: folder) {
            let path = relative.appending(name)
            let kind = Self.kind(of: folder.appending(name), name)
            guard kind == nil else {
                entries.append(Entry(path: path, kind: kind!))
                continue
            }
            // A folder.
            if let excluded, (try? folder.appending(name).status())?.identity == excluded { continue }
            do throws(FileError) {
                try list(root, path, excluded)
            } catch {
                entries.append(Entry(path: path, kind: .closedFolder))
            }
        }
    }

    /// Nil for a folder that is to be entered.
    private static func kind(of path: FilePath, _ name: FilePath) -> Kind? {
        if name.isHidden { return .hidden }
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { return .file }
        if status.st_mode & S_IFMT == S_IFDIR { return nil }
        // A link that leads nowhere is a file that cannot be read.
        return switch path.kind {
        case .folder: .linkToFolder
        case .other: .special
        case .file, nil: .file
        }
    }

    private static func names(in folder: FilePath) throws(FileError) -> [FilePath] {
        guard let stream = folder.withCString({ opendir($0) }) else { throw FileError(folder, code: errno) }
        defer { closedir(stream) }
        var names: [FilePath] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            // Read in place: the name ends with a NUL, the entry often long before the 256 bytes of its type.
            let start = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
            let name = FilePath(bytes: UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
            if name.bytes != [0x2E], name.bytes != [0x2E, 0x2E] { names.append(name) }
        }
        if errno != 0 { throw FileError(folder, code: errno) }
        return names
    }
}
