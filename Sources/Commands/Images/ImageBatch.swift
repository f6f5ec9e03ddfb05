import ArgumentParser
import Evaluation
import Files

/// Which files are read and where each result goes.
struct ImageBatch {
    struct Item: Equatable {
        let input: FileInput
        let output: FileOutput
        /// Nil: that of the input, which its bytes tell.
        let format: OutputFormat?
        /// What decides its part: the path below the output folder before any change of extension.
        let key: FilePath

        /// The input for messages.
        var name: String { input.path.description }
    }

    struct LeftOut {
        let input: FilePath
        /// As of an item.
        let key: FilePath
        let reason: PictureFolder.Reason
    }

    /// Of this part, in the order of the arguments, those of a folder sorted by the bytes of their paths.
    private(set) var items: [Item] = []
    /// Of this part: what was found in folders and is no picture.
    private(set) var leftOut: [LeftOut] = []
    /// Inputs of all parts together.
    private(set) var total = 0
    /// The output, where it is a folder.
    let folder: FilePath?

    /// One file into a file or standard output, or files and folder trees into a folder.
    ///
    /// - Parameters:
    ///   - output: a folder where it is one or ends with a slash, where several inputs or a folder go to it, or where
    ///     its name is new and has no extension.
    ///   - format: nil: as the output's name says, else as the input.
    /// - Throws: `ValidationError` for what cannot be meant or cannot be written; `FileError` for a folder that cannot be
    ///   listed.
    init(inputs: [FilePath], output: FilePath, format: OutputFormat? = nil, shard: Shard? = nil) throws {
        let target = try BatchTarget(output, for: inputs, format: format)
        switch target {
        case .file(let output, let format):
            guard shard == nil else { throw ValidationError("--shard: the output has to be a folder") }
            folder = nil
            items = [
                Item(input: FileInput(inputs[0]), output: output, format: format, key: inputs[0].lastComponent ?? inputs[0])
            ]
        case .folder(let output):
            folder = output
            for input in inputs { try add(input, into: output, format) }
        }
        total = items.count
        try checkCollisions()
        if let shard {
            items.removeAll { !shard.contains($0.key) }
            leftOut.removeAll { !shard.contains($0.key) }
        }
    }

    /// A file keeps its name; of a folder the tree below it is kept.
    private mutating func add(_ source: FilePath, into folder: FilePath, _ format: OutputFormat?) throws {
        func item(_ input: FilePath, _ key: FilePath) -> Item {
            let named = key.fileExtension.flatMap(OutputFormat.init(fileExtension:)).flatMap { $0 == .npy ? nil : $0 }
            let name = format.map { Self.name(key, as: $0) } ?? key
            return Item(
                input: .file(input), output: .file(folder.appending(name)), format: format ?? named, key: key)
        }
        guard source.kind == .folder else {
            guard let name = source.lastComponent else { throw ValidationError("\(source) is no file") }
            items.append(item(source, name))
            return
        }
        let target = try folder.status()?.identity
        guard try source.status()?.identity != target else {
            throw ValidationError("\(source) would be overwritten by its own results: they go to the same folder")
        }
        // Results of an earlier run may lie in a folder below the input: they are no inputs.
        let found = try PictureFolder(source, excluding: target)
        // A folder that cannot be listed is an input that fails.
        items += (found.pictures + found.closed).sorted().map { item(source.appending($0), $0) }
        leftOut += found.leftOut.map { LeftOut(input: source.appending($0.path), key: $0.path, reason: $0.reason) }
    }

    /// With the extension of the format, in place of another picture's.
    private static func name(_ key: FilePath, as format: OutputFormat) -> FilePath {
        let named = key.fileExtension.flatMap(OutputFormat.init(fileExtension:))
        if named == format { return key }
        return named == nil
            ? FilePath(bytes: key.bytes + Array(".\(format.fileExtension)".utf8))
            : key.replacingExtension(with: format.fileExtension)
    }

    /// No two results in one place, no result over an input.
    private func checkCollisions() throws {
        var inputs: [FileStatus.Identity: String] = [:]
        for item in items {
            if case .file(let path) = item.input, let status = try? path.status(), status.kind == .file {
                inputs[status.identity] = item.name
            }
        }
        var taken: Set<FilePath> = []
        for case let (item, .file(path)) in items.map({ ($0, $0.output) }) {
            guard taken.insert(path).inserted else { throw ValidationError("\(path) would be written twice") }
            guard let status = try? path.status(), let input = inputs[status.identity] else { continue }
            throw ValidationError(
                input == item.name
                    ? "\(input) would be overwritten by its own result"
                    : "\(input) would be overwritten by the result of \(item.name)")
        }
    }
}
