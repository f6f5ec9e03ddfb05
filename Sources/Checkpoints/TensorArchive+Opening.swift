import Foundation

extension TensorArchive {
    /// Opens a model file.
    ///
    /// - Parameters:
    ///   - url: a local file.
    ///   - entry: which of the file's entries to take; nil takes `params`, else `state_dict`, else the bare dictionary.
    /// - Throws: ``CheckpointError``.
    public init(contentsOf url: URL, entry: Entry? = nil) throws {
        do throws(CheckpointError.Problem) {
            let bytes = try FileBytes(reading: url.path)
            try self.init(bytes, fileName: url.lastPathComponent, entry: entry)
        } catch {
            throw CheckpointError(file: url.lastPathComponent, error)
        }
    }

    /// Reads a model file that is in memory.
    ///
    /// - Throws: ``CheckpointError``.
    package init(bytes: [UInt8], fileName: String, entry: Entry? = nil) throws {
        do throws(CheckpointError.Problem) {
            try self.init(FileBytes(copying: bytes), fileName: fileName, entry: entry)
        } catch {
            throw CheckpointError(file: fileName, error)
        }
    }

    private init(_ bytes: FileBytes, fileName: String, entry: Entry?) throws(CheckpointError.Problem) {
        if ZipDirectory.recognises(bytes) {
            self = try TorchZipReader.read(bytes).archive(fileName: fileName, entry: entry)
        } else if TorchLegacyReader.recognises(bytes) {
            self = try TorchLegacyReader.read(bytes).archive(fileName: fileName, entry: entry)
        } else if SafetensorsReader.recognises(bytes) {
            let reader = try SafetensorsReader(bytes)
            guard entry == nil || entry == .bare else {
                throw .entryMissing(wanted: entry?.rawValue ?? "", present: [Entry.bare.rawValue])
            }
            try self.init(
                fileName: fileName, container: .safetensors, entry: .bare, entries: [.bare], metadata: reader.metadata,
                tensors: reader.tensors.map { $0.renamed(Self.withoutModule($0.name)) }, source: bytes)
        } else {
            throw .unknownFormat(looksLike: Self.guess(bytes))
        }
    }

    /// What else people hand over as a model.
    private static func guess(_ bytes: FileBytes) -> String? {
        if bytes.count == 0 { return "an empty file" }
        let start = String(decoding: bytes.raw.prefix(64), as: UTF8.self).lowercased()
        if start.hasPrefix("<!doctype") || start.hasPrefix("<html") { return "an HTML page (a download that failed?)" }
        if start.hasPrefix("version https://git-lfs") { return "a Git LFS pointer (git lfs pull fetches the model)" }
        if bytes.raw.first == 0x80 { return "a Python pickle that torch.save did not write" }
        if bytes.raw.starts(with: [0x1f, 0x8b]) { return "a gzip file (unpack it first)" }
        if bytes.raw.starts(with: [0x89, 0x48, 0x44, 0x46]) { return "an HDF5 file" }
        return nil
    }
}
