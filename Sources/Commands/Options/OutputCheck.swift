import ArgumentParser
import Files

/// What can be told of outputs before the work that makes them.
enum OutputCheck {
    /// A file that will be written: its folder is there, and it may be written.
    ///
    /// - Parameter option: `--report`; nil for an argument.
    /// - Throws: `ValidationError`.
    static func file(_ path: FilePath, _ option: String? = nil) throws {
        if path.isDash || path.descriptor != nil { return }
        let label = option.map { "\($0): " } ?? ""
        switch try kind(of: path, label) {
        case .folder: throw ValidationError("\(label)\(path) is a folder, not a file")
        case .other:
            guard path.isWritable else { throw ValidationError("\(label)no permission to write to \(path)") }
        case .file, nil:
            guard !path.endsWithSlash else { throw ValidationError("\(label)\(path) is written as a folder") }
            try holder(of: path, label)
        }
    }

    /// A folder that is there, or whose parent is, in which it will be made.
    static func folder(_ path: FilePath, _ option: String? = nil) throws {
        let label = option.map { "\($0): " } ?? ""
        switch try kind(of: path.withoutFinalSlashes, label) {
        case .folder:
            guard path.isWritableFolder else { throw ValidationError("\(label)no permission to write into \(path)") }
        case .file, .other: throw ValidationError("\(label)\(path) is a file, not a folder")
        case nil: try holder(of: path, label)
        }
    }

    /// A name that is too long, or lies behind a closed folder, is a mistake as well.
    private static func kind(of path: FilePath, _ label: String) throws -> FileStatus.Kind? {
        do {
            return try path.status()?.kind
        } catch {
            throw ValidationError("\(label)\(error)")
        }
    }

    /// The folder that holds it.
    private static func holder(of path: FilePath, _ label: String) throws {
        let parent = (path.resolved ?? path).parent
        switch parent.kind {
        case .folder:
            guard parent.isWritableFolder else { throw ValidationError("\(label)no permission to write into \(parent)") }
        case .file, .other: throw ValidationError("\(label)\(parent) is a file, not a folder")
        case nil: throw ValidationError("\(label)there is no folder \(parent)")
        }
    }

    /// Outputs that must not be one file.
    ///
    /// - Parameter outputs: with the options that name them; those that were not given are nil.
    static func distinct(_ outputs: [(option: String, path: FilePath?)]) throws {
        var taken: [FilePath: String] = [:]
        for (option, path) in outputs {
            guard let path else { continue }
            if let other = taken.updateValue(option, forKey: path.isDash ? path : path.place) {
                throw ValidationError("\(other) and \(option) name one place, \(path)")
            }
        }
    }

    /// Options that name files, each checked, and no two of them one place.
    static func files(_ outputs: [(option: String, path: FilePath?)]) throws {
        for (option, path) in outputs {
            if let path { try file(path, option) }
        }
        try distinct(outputs)
    }
}
