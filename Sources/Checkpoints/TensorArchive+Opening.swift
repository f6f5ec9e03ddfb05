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
            let bytes = try FileBytes(mapping: url.path)
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
        throw .unknownFormat(looksLike: nil)
    }
}
