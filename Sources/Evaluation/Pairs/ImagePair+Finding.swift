import Foundation

extension ImagePair {
    /// Pairs the pictures of two folders, in natural order of their names.
    ///
    /// Knows the layouts in which the data sets come: GoPro (`SCENE/blur/000001.png`, `SCENE/sharp/000001.png`),
    /// RealBlur (`SCENE/blur/blur_1.png`, `SCENE/gt/gt_1.png`), HIDE (`test/…/1.png`, `GT/1.png`), and two plain
    /// folders with equal names. Both folders may be the same one that holds all. Sharp pictures may be left over,
    /// blurred ones not. Two files are a pair as well.
    ///
    /// - Throws: ``EvaluationError``: `noPictures`, `unpaired`.
    public static func find(blur: URL, sharp: URL) throws(EvaluationError) -> [ImagePair] {
        if !isFolder(blur), !isFolder(sharp) {
            for file in [blur, sharp] where !FileManager.default.fileExists(atPath: file.path) {
                throw .noPictures(path: file.path)
            }
            return [ImagePair(name: blur.lastPathComponent, blur: blur, sharp: sharp)]
        }
        let blurred = try pictures(in: blur, of: .blurred)
        let truths = try pictures(in: sharp, of: .sharp)
        let byKey = Dictionary(grouping: truths, by: \.key)
        // Where the folders' trees differ, a name that occurs once on both sides will do.
        let byName = Dictionary(grouping: truths, by: \.name)
        let names = Dictionary(grouping: blurred, by: \.name)
        var pairs: [ImagePair] = []
        var missing: [String] = []
        for picture in blurred {
            let candidates = byKey[picture.key] ?? (names[picture.name]?.count == 1 ? byName[picture.name] : nil)
            if let truth = candidates?.first, candidates?.count == 1 {
                pairs.append(ImagePair(name: picture.key, blur: picture.url, sharp: truth.url))
            } else {
                missing.append(picture.key)
            }
        }
        guard missing.isEmpty else { throw .unpaired(names: missing, total: blurred.count) }
        return pairs
    }

    private enum Role {
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

    private struct Picture {
        let url: URL
        /// Path without extension and without what tells the side.
        let key: String
        /// The last component of the key.
        let name: String
        let folders: [String]
    }

    private static func pictures(in folder: URL, of role: Role) throws(EvaluationError) -> [Picture] {
        var found: [Picture] = []
        let files = FileManager.default.enumerator(atPath: folder.path)
        while let relative = files?.nextObject() as? String {
            let parts = relative.split(separator: "/").map(String.init)
            guard !parts.contains(where: { $0.hasPrefix(".") }),
                ["jpg", "jpeg", "png"].contains((relative as NSString).pathExtension.lowercased())
            else { continue }
            let folders = parts.dropLast().map { $0.lowercased() }
            var name = (parts[parts.count - 1] as NSString).deletingPathExtension
            if let prefix = role.prefixes.first(where: { name.lowercased().hasPrefix($0) }) {
                name = String(name.dropFirst(prefix.count))
            }
            let kept = parts.dropLast().filter { !role.folders.contains($0.lowercased()) }
            found.append(
                Picture(
                    url: folder.appending(path: relative), key: (kept + [name]).joined(separator: "/"), name: name,
                    folders: folders))
        }
        // One folder may hold both sides, and GoPro's twice: with and without gamma.
        let own = found.filter { role.other.folders.isDisjoint(with: $0.folders) }
        let linear = own.filter { !$0.folders.contains("blur_gamma") }
        let pictures = (linear.isEmpty ? own : linear).sorted { NaturalOrder.areInOrder($0.key, $1.key) }
        guard !pictures.isEmpty else { throw .noPictures(path: folder.path) }
        return pictures
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
