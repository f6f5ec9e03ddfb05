import ArgumentParser
import Foundation

/// Which files are read and where each result goes.
struct ImageBatch {
    struct Item: Equatable {
        let input: URL
        let output: URL
        /// The input as the user named it, for messages.
        let name: String
    }

    let items: [Item]

    private static let readable: Set<String> = ["jpg", "jpeg", "png"]
    static let writable: Set<String> = ["jpg", "jpeg", "png", "npy"]

    /// One file into a file, or files and folder trees into a folder.
    ///
    /// - Throws: `ValidationError` for what cannot be meant: unknown formats, two results in one place, a result over
    ///   its own input.
    init(inputs: [String], output: String) throws {
        let target = URL(filePath: output)
        let isFolder = Self.isFolder(target) || output.hasSuffix("/")
        if inputs.count == 1, !Self.isFolder(URL(filePath: inputs[0])), !isFolder, !target.pathExtension.isEmpty {
            guard Self.writable.contains(target.pathExtension.lowercased()) else {
                throw ValidationError("\(output): the extension chooses the format: .jpg, .png or .npy")
            }
            items = [Item(input: URL(filePath: inputs[0]), output: target, name: inputs[0])]
        } else {
            items = try inputs.flatMap { try Self.items(from: $0, into: target) }
        }
        var taken: Set<String> = []
        for item in items {
            guard taken.insert(item.output.standardizedFileURL.path).inserted else {
                throw ValidationError("\(item.output.path) would be written twice")
            }
            guard item.input.resolvingSymlinksInPath() != item.output.resolvingSymlinksInPath() else {
                throw ValidationError("\(item.name) would be overwritten by its own result")
            }
        }
    }

    /// A file keeps its name; of a folder the tree below it is kept.
    private static func items(from path: String, into folder: URL) throws -> [Item] {
        let source = URL(filePath: path)
        guard isFolder(source) else {
            return [Item(input: source, output: folder.appending(path: source.lastPathComponent), name: path)]
        }
        // Results of an earlier run may lie in a folder below the input: they are no inputs.
        let excluded = folder.resolvingSymlinksInPath().path + "/"
        var items: [Item] = []
        guard let files = FileManager.default.enumerator(atPath: source.path) else {
            throw ValidationError("\(path) cannot be listed")
        }
        for case let relative as String in files {
            let isHidden = relative.split(separator: "/").contains { $0.hasPrefix(".") }
            let input = source.appending(path: relative)
            guard !isHidden, readable.contains(input.pathExtension.lowercased()), !isFolder(input),
                !input.resolvingSymlinksInPath().path.hasPrefix(excluded)
            else { continue }
            items.append(Item(input: input, output: folder.appending(path: relative), name: input.relativePath))
        }
        return items.sorted { $0.name < $1.name }
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
