import Digests
import Foundation

/// The named tensors of a model file, and what the file says about them.
///
/// Reads `.safetensors` and PyTorch checkpoints (zip and legacy form); the bytes decide which it is, not the name. No
/// code of a checkpoint runs: its pickle is read by a machine that knows the few operations of a state dict.
///
/// The file is read as a whole, and its bytes stay in memory while an archive or a tensor of it lives.
public struct TensorArchive: Sendable {
    /// How the file is built.
    public enum Container: String, Sendable {
        case safetensors
        case pytorchZip = "PyTorch zip"
        case pytorchLegacy = "PyTorch legacy"
    }

    /// Where in the file a model's tensors are (training writes raw and averaged weights side by side).
    public enum Entry: String, Sendable, CaseIterable {
        case params
        case averagedParams = "params_ema"
        case stateDict = "state_dict"
        /// The tensors are the outermost dictionary itself; safetensors files always are.
        case bare
    }

    /// The file's name without its folder; of a union, the first file's.
    public let fileName: String
    public let container: Container
    /// The entry that the tensors come from.
    public let entry: Entry
    /// All entries that the file has.
    public let entries: [Entry]
    /// The texts of a safetensors header (`__metadata__`); empty for the other containers.
    public let metadata: [String: String]
    /// By name.
    public internal(set) var tensors: [String: StoredTensor]
    /// The files that the tensors come from, the main one first.
    var sources: [FileBytes]

    init(
        fileName: String, container: Container, entry: Entry, entries: [Entry], metadata: [String: String],
        tensors: [StoredTensor], source: FileBytes
    ) throws(CheckpointError.Problem) {
        self.fileName = fileName
        self.container = container
        self.entry = entry
        self.entries = entries
        self.metadata = metadata
        sources = [source]
        self.tensors = [:]
        self.tensors.reserveCapacity(tensors.count)
        for tensor in tensors {
            let clash = self.tensors.updateValue(tensor, forKey: tensor.name)
            guard clash == nil else { throw .duplicateName(tensor.name) }
        }
    }

    /// The tensor of that name, if there is one.
    public subscript(_ name: String) -> StoredTensor? { tensors[name] }

    /// All names, sorted by their UTF-8 bytes.
    public var names: [String] { tensors.keys.sorted() }

    /// Numbers in all tensors together.
    public var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.count } }

    /// The SHA-256 of the file in hexadecimal digits, read anew on each call (about a second per gigabyte). Of a union
    /// of files: the SHA-256 of their digests, one after the other.
    public func digest() -> String {
        let digests = sources.map { SHA256.hash($0.raw) }
        if digests.count == 1 { return digests[0].hex }
        return SHA256.hash(digests.flatMap(\.bytes)).hex
    }
}
