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
}
