import Foundation

/// The repository's files, and what can be read off them without a compiler.
enum SourceText {
    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Paths of the source files below `folder`, relative to the repository.
    static func files(below folder: String, extensions: Set<String>) throws -> [String] {
        let root = repository.appending(path: folder)
        guard let files = FileManager.default.enumerator(atPath: root.path) else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        return files.compactMap { $0 as? String }
            .filter { extensions.contains(URL(filePath: $0).pathExtension) }
            .map { "\(folder)/\($0)" }.sorted()
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: repository.appending(path: path), encoding: .utf8)
    }
}
