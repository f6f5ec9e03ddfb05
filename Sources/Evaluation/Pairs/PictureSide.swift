import Files
import Glibc
import Images

/// The pictures of one side, blurred or sharp, below a folder that may hold both.
struct PictureSide {
    enum Role {
        case blurred, sharp

        /// Folders that hold this side.
        var folders: Set<String> {
            switch self {
            case .blurred: ["blur", "blurry", "blurred", "blur_gamma", "input"]
            case .sharp: ["sharp", "gt", "groundtruth", "ground_truth", "target"]
            }
        }

        /// What names of this side begin with.
        var prefixes: [String] {
            switch self {
            case .blurred: ["blur_", "blurry_"]
            case .sharp: ["gt_", "sharp_"]
            }
        }

        var other: Role { self == .blurred ? .sharp : .blurred }
    }

    struct Picture {
        let file: FilePath
        /// Path without extension and without what tells the side.
        let key: FilePath
        /// The last component of the key.
        let name: FilePath
        /// In lower case, as far as they are text.
        let folders: [String]
    }

    /// In natural order of their keys.
    let pictures: [Picture]

    /// - Throws: ``EvaluationError/noPictures(path:)``; `FileError` for a folder that cannot be listed.
    init(folder: FilePath, role: Role) throws {
        guard folder.kind == .folder else { throw EvaluationError.noPictures(path: "\(folder)") }
        let listing = try PictureFolder(folder)
        if let closed = listing.closed.first { throw FileError(folder.appending(closed), code: EACCES) }
        let found = listing.pictures.map { Self.picture($0, in: folder, role) }
        // One folder may hold both sides, and GoPro's twice: with and without gamma.
        let own = found.filter { role.other.folders.isDisjoint(with: $0.folders) }
        let linear = own.filter { !$0.folders.contains("blur_gamma") }
        pictures = (linear.isEmpty ? own : linear).sorted { NaturalOrder.areInOrder($0.key.bytes, $1.key.bytes) }
        guard !pictures.isEmpty else { throw EvaluationError.noPictures(path: "\(folder)") }
    }

    private static func picture(_ relative: FilePath, in folder: FilePath, _ role: Role) -> Picture {
        let parts = relative.components
        let folders = parts.dropLast()
        var name = FilePath(bytes: parts[parts.count - 1])
        // What is a picture by its bytes may have a dot anywhere.
        if let ending = name.fileExtension, ImageFormat(fileExtension: ending) != nil { name = name.withoutExtension }
        let lowered = (name.text ?? "").lowercased()
        if let prefix = role.prefixes.first(where: { lowered.hasPrefix($0) }) {
            name = FilePath(bytes: name.bytes.dropFirst(prefix.utf8.count))
        }
        let kept = folders.filter { !role.folders.contains(Self.lowered($0)) }
        let key = kept.reduce(FilePath(bytes: [])) { $0.appending(FilePath(bytes: $1)) }.appending(name)
        return Picture(file: folder.appending(relative), key: key, name: name, folders: folders.map(Self.lowered))
    }

    private static func lowered(_ bytes: ArraySlice<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self)?.lowercased() ?? ""
    }
}
