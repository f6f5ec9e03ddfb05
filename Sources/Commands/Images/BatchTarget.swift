import ArgumentParser
import Files

/// What an output argument stands for.
enum BatchTarget {
    /// Format nil: as the input.
    case file(FileOutput, OutputFormat?)
    case folder(FilePath)

    /// - Throws: `ValidationError` for what cannot be meant or cannot be written.
    init(_ output: FilePath, for inputs: [FilePath], format: OutputFormat?) throws {
        let needsFolder = inputs.count > 1 || inputs[0].kind == .folder
        // It has no name that a file in a folder could get.
        let unnamed = inputs.first { $0.isDash || $0.descriptor != nil }
        if output.isDash {
            guard !needsFolder else { throw ValidationError("one picture goes to standard output, not several") }
            self = .file(.standardOutput, format)
            return
        }
        if try Self.isFolder(output, needsFolder: needsFolder, isUnnamed: unnamed != nil) {
            if let unnamed {
                throw ValidationError(
                    "\(FileInput(unnamed).path) has no name of its own: the output has to be a file, or -, "
                        + (inputs.count > 1 ? "and it the only input" : "not the folder \(output)"))
            }
            try OutputCheck.folder(output)
            self = .folder(output)
        } else {
            try OutputCheck.file(output)
            self = .file(.file(output), try Self.format(output, format, isUnnamed: unnamed != nil))
        }
    }

    private static func isFolder(_ output: FilePath, needsFolder: Bool, isUnnamed: Bool) throws -> Bool {
        // With its slash a file's name is nothing's.
        switch output.descriptor == nil ? output.withoutFinalSlashes.kind : .other {
        case .folder: return true
        case .other:
            guard !needsFolder else { throw ValidationError("\(output) takes one picture: several need a folder") }
            return false
        case .file:
            guard !needsFolder, !output.endsWithSlash, isUnnamed || output.fileExtension != nil else {
                throw ValidationError("\(output) is a file, not a folder")
            }
            return false
        case nil: return needsFolder || output.endsWithSlash || (output.fileExtension == nil && !isUnnamed)
        }
    }

    private static func format(
        _ output: FilePath, _ format: OutputFormat?, isUnnamed: Bool
    ) throws -> OutputFormat? {
        guard let ending = output.fileExtension, output.descriptor == nil, output.kind != .other else { return format }
        let named = OutputFormat(fileExtension: ending)
        if let format, let named, format != named {
            throw ValidationError("--format \(format) and the name \(output) say different things")
        }
        guard let chosen = format ?? named else {
            throw ValidationError(
                "\(output): the extension chooses the format: .jpg, .png or .npy; --format overrules another one")
        }
        return chosen
    }
}
