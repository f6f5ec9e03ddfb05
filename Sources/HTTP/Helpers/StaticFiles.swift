/// The files of a folder, read once: no path on the disk is ever made from what a client sent.
public struct StaticFiles: Sendable {
    struct File: Sendable {
        let bytes: [UInt8]
        let contentType: String
        let etag: String
    }

    /// By path below the folder, such as `assets/page.css`.
    let files: [String: File]
    /// Fields that every answer carries, such as Content-Security-Policy.
    let headers: HTTPHeaders
}

extension StaticFiles {
    /// Reads a folder and the folders below it; symbolic links and names that begin with a dot are left out.
    ///
    /// - Throws: the system's error when a file cannot be read, or when all are larger than `limit` bytes.
    public init(folder: String, headers: HTTPHeaders = HTTPHeaders(), limit: Int = 32 << 20) throws { fatalError() }

    /// The answer for a request's path: the file, `index.html` for a folder, 304 where If-None-Match names the ETag; nil
    /// when there is no such file.
    public func response(to head: RequestHead) -> Response? { nil }
}
