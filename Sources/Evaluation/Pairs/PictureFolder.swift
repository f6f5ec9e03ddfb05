import Files
import Images
import Tiles

/// The pictures below a folder, and what else lies there.
public struct PictureFolder: Sendable {
    /// Why a file is not taken.
    public enum Reason: String, Sendable, Encodable, CaseIterable {
        /// Its extension says that it is something else.
        case notNamed = "not named as pictures"
        case notAPicture = "neither JPEG nor PNG"
        case hidden
        case unreadable
        case linkToFolder = "links to folders"
        case special = "not files"
    }

    public struct LeftOut: Sendable {
        /// Below the folder.
        public let path: FilePath
        public let reason: Reason
    }

    /// Below the folder, sorted by bytes.
    public private(set) var pictures: [FilePath] = []
    public private(set) var leftOut: [LeftOut] = []
    /// Folders that could not be listed.
    public private(set) var closed: [FilePath] = []

    /// - Parameters:
    ///   - excluded: a folder below it whose files do not count.
    ///   - folder: the top of the tree.
    /// - Throws: `FileError` where the folder itself cannot be listed.
    public init(_ folder: FilePath, excluding excluded: FileStatus.Identity? = nil) throws(FileError) {
        for entry in try FolderTree(below: folder, excluding: excluded).entries {
            switch entry.kind {
            case .closedFolder: closed.append(entry.path)
            case .hidden: leave(entry.path, .hidden)
            case .linkToFolder: leave(entry.path, .linkToFolder)
            case .special: leave(entry.path, .special)
            case .file:
                if let reason = Self.reasonToLeave(folder.appending(entry.path)) {
                    leave(entry.path, reason)
                } else {
                    pictures.append(entry.path)
                }
            }
        }
    }

    private mutating func leave(_ path: FilePath, _ reason: Reason) {
        leftOut.append(LeftOut(path: path, reason: reason))
    }

    /// Extensions of pictures in other formats. What is called so may be JPEG or PNG all the same.
    private static let others: Set<String> = [
        "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jxl", "jp2", "apng", "mpo", "image", "img",
    ]

    /// An extension of ours is believed, so that a damaged picture is named and not passed over. Of a file that is called
    /// a picture of another kind, or is called nothing, the first bytes decide. The rest (notes, parts of downloads, what
    /// programs keep of a picture before they change it) is no input, whatever it holds.
    private static func reasonToLeave(_ file: FilePath) -> Reason? {
        if let name = file.fileExtension {
            if ImageFormat(fileExtension: name) != nil { return nil }
            guard others.contains(name) else { return .notNamed }
        }
        guard let head = try? FileInput.file(file).head(8) else { return .unreadable }
        return ImageFormat.sniff(head) == nil ? .notAPicture : nil
    }
}

extension FilePath {
    /// Tiles of a picture, judged by its header; nil where it cannot be told.
    ///
    /// - Parameter grid: of so many pixels across and down.
    public func tiles(_ grid: (_ width: Int, _ height: Int) throws -> TileGrid) -> Int? {
        guard let header = imageHeader else { return nil }
        return try? grid(header.width, header.height).count
    }

    /// What a picture's file says of it; nil where it cannot be read. A pipe or device is not touched.
    private var imageHeader: ImageHeader? {
        guard kind == .file else { return nil }
        // Nearly every header ends within the first part; a large profile or preview may stand before the size.
        for count in [1 << 18, Int.max >> 1] {
            guard let bytes = try? count > 1 << 18 ? FileInput.file(self).read() : FileInput.file(self).head(count)
            else { return nil }
            if let header = try? ImageHeader.read(bytes) { return header }
            if bytes.count < count { return nil }
        }
        return nil
    }
}
