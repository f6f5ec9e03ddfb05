import Digests
import Foundation

/// The files of a folder, read once. No path on the disk is ever made from what a client sent, so none can lead out of
/// the folder, whatever is encoded in it.
public struct StaticFiles: Sendable {
    struct File: Sendable {
        let bytes: [UInt8]
        let contentType: String
        let etag: String
    }

    /// The folder cannot be served.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// By path below the folder, such as `assets/page.css`.
    private let files: [String: File]
    /// Fields that every answer carries, such as Content-Security-Policy.
    private let headers: HTTPHeaders

    /// Reads a folder and the folders below it. Symbolic links, what is neither file nor folder, and names that begin
    /// with a dot are left out.
    ///
    /// - Parameters:
    ///   - limit: most bytes of all files together.
    ///   - folder: its path.
    ///   - headers: sent with every file.
    /// - Throws: ``Failure`` when something cannot be read or there is more than `limit`.
    public init(folder: String, headers: HTTPHeaders = HTTPHeaders(), limit: Int = 32 << 20) throws(Failure) {
        var files: [String: File] = [:]
        var room = limit
        try Self.read(folder, prefix: "", into: &files, room: &room)
        self.files = files
        self.headers = headers
    }

    private static func read(
        _ folder: String, prefix: String, into files: inout [String: File], room: inout Int
    ) throws(Failure) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw Failure(description: "the folder \(folder) cannot be read")
        }
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = folder + "/" + name
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try read(path, prefix: prefix + name + "/", into: &files, room: &room)
            case S_IFREG:
                room -= Int(status.st_size)
                guard room >= 0 else { throw Failure(description: "the files of \(folder) are too large to keep") }
                guard let data = FileManager.default.contents(atPath: path) else {
                    throw Failure(description: "the file \(path) cannot be read")
                }
                let bytes = Array(data)
                files[prefix + name] = File(bytes: bytes, contentType: type(of: name), etag: etag(of: bytes))
            default: continue
            }
        }
    }

    /// The answer for a request's path: the file, `index.html` for a folder, 304 where If-None-Match names the file's
    /// ETag; nil when there is no such file or the method is neither GET nor HEAD.
    public func response(to head: RequestHead) -> Response? {
        guard head.method == .get || head.method == .head, let segments = head.target.segments,
            // An encoded slash is part of a name, and no file has it in its name.
            !segments.contains(where: { $0.contains("/") })
        else { return nil }
        var path = segments.joined(separator: "/")
        if path.isEmpty || path.hasSuffix("/") { path += "index.html" }
        guard let file = files[path] else { return nil }
        var fields = headers
        fields["ETag"] = file.etag
        // Kept, but asked about each time: the next release's page may have the same name.
        if !fields.contains("Cache-Control") { fields.add("Cache-Control", "no-cache") }
        if EntityTag.isNamed(file.etag, in: head.headers.list("If-None-Match")) {
            return Response(.notModified, headers: fields)
        }
        fields["Content-Type"] = file.contentType
        // Nobody guesses at a type that is said.
        fields["X-Content-Type-Options"] = "nosniff"
        return Response(.ok, headers: fields, body: .bytes(file.bytes))
    }

    /// The paths that are served, sorted.
    public var paths: [String] { files.keys.sorted() }

    /// A strong validator made of the content alone, so that every replica gives the same one.
    private static func etag(of bytes: [UInt8]) -> String { "\"\(SHA256.hash(bytes).hex.prefix(32))\"" }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last.map({ $0.lowercased() }) ?? "" {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "json", "map": "application/json"
        case "yaml", "yml": "application/yaml"
        case "txt", "md": "text/plain; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "webmanifest": "application/manifest+json"
        default: "application/octet-stream"
        }
    }
}
