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

    /// The modules that a Swift file imports, whatever stands in front of `import` or is picked from the module.
    static func imports(of text: String) -> [String] {
        let pattern = #/
            ^\s* (?: @\w+ (?:\([^)]*\))? \s+ )*
            (?: (?:public|package|internal|private|fileprivate) \s+ )?
            import \s+ (?: (?:struct|class|enum|protocol|func|var|let|typealias) \s+ )? (\w+)
            /#.anchorsMatchLineEndings()
        return text.matches(of: pattern).map { String($0.output.1) }
    }

    /// The targets' dependencies as a package manifest declares them, products of packages by their name.
    static func dependencies(of manifest: String) -> [String: [String]] {
        var result: [String: [String]] = [:]
        let targets = manifest.matches(of: #/\.(?:target|executableTarget)\(\s*name: "(\w+)"/#)
        for (index, target) in targets.enumerated() {
            let end = index + 1 < targets.count ? targets[index + 1].range.lowerBound : manifest.endIndex
            let declaration = manifest[target.range.upperBound..<end]
            // Up to the first test target, which the pattern leaves out.
            let own = declaration.firstRange(of: ".testTarget").map { declaration[..<$0.lowerBound] } ?? declaration
            let list = own.firstMatch(of: #/dependencies: \[((?:[^\]"]|"[^"]*")*)\]/#)?.output.1 ?? ""
            let names = list.replacing(#/, package: "[^"]*"/#, with: "").matches(of: #/"(\w+)"/#)
            result[String(target.output.1)] = names.map { String($0.output.1) }
        }
        return result
    }
}
