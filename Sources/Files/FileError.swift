import Glibc

/// What the system refused, in words about the file.
public struct FileError: Error, Equatable, Sendable {
    public let path: FilePath
    /// errno
    public let code: Int32

    public init(_ path: FilePath, code: Int32) {
        self.path = path
        self.code = code
    }

    /// Why, without the name.
    public var reason: String {
        switch code {
        case ENOENT: "there is no such file"
        case EISDIR: "it is a folder"
        case ENOTDIR: "a part of the path is a file, not a folder"
        case EACCES, EPERM: "permission denied"
        case ENOSPC: "no space is left on the disk"
        case EDQUOT: "the disk quota is used up"
        case EROFS: "the disk is read-only"
        case ENAMETOOLONG: "the name is too long"
        case ELOOP: "its links lead in a circle"
        case EBADF: "it is closed"
        case EPIPE: "nobody reads it any more"
        default: String(cString: strerror(code))
        }
    }
}

extension FileError: CustomStringConvertible {
    public var description: String { "\(path): \(reason)" }
}
