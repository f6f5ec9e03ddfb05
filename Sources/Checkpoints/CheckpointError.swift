/// Why a model file cannot be used, in one line that begins with the file's name.
public struct CheckpointError: Error, Sendable, Equatable {
    /// The file's name, without its folder.
    public let file: String
    public let problem: Problem

    public init(file: String, _ problem: Problem) {
        self.file = file
        self.problem = problem
    }

    /// What was expected and what came.
    public enum Problem: Error, Sendable, Equatable {
        // MARK: The file

        /// The system would not open, read, map or write it.
        case inaccessible(String)
        /// Neither safetensors nor a PyTorch checkpoint; `looksLike` guesses what it is instead.
        case unknownFormat(looksLike: String?)
        /// `part` needs `needed` bytes where only `available` are left.
        case truncated(part: String, needed: UInt64, available: UInt64)
        /// `part` breaks its format's rules.
        case malformed(part: String, String)
        /// `part` is larger than any model needs.
        case overLimit(part: String, limit: Int, actual: UInt64)
        /// A feature of the format that no model uses, such as compression.
        case unsupported(part: String, String)

        // MARK: The pickle

        /// An operation outside those of a state dict.
        case forbiddenOpcode(UInt8, offset: Int)
        /// A Python object other than those of a state dict. Nothing was imported or run.
        case forbiddenGlobal(String)
        /// A call other than those that describe a tensor. Nothing was run.
        case forbiddenCall(String)
        /// The training state of an optimiser instead of a model.
        case optimiserState

        // MARK: Its tensors

        case entryMissing(wanted: String, present: [String])
        case notATensor(name: String, kind: String)
        case duplicateName(String)
        case elementType(tensor: String, type: String)
        /// A negative size, too many dimensions, or a product that overflows.
        case invalidShape(tensor: String, shape: [Int], String)
        /// The last element it reaches lies behind its storage's end (elements).
        case outsideStorage(tensor: String, reaches: UInt64, storage: UInt64)
        /// Shape and element type ask for `expected` bytes, the file has `actual`.
        case byteCount(of: String, expected: UInt64, actual: UInt64)
        /// Tensors whose numbers lie in zip members that do not have the checksum that the archive tells.
        case checksum(of: [String])
        /// All tensors together claim far more than the file holds.
        case sharedTooOften(claimed: UInt64, available: UInt64)

        // MARK: Against an architecture

        case mismatch(TensorMismatch)
        /// Tensors that hold an infinity or a value that is not a number.
        case notFinite([String])
        /// Tensors that two files both hold, with different values.
        case conflict([String], other: String)
        /// A finite value that is too large for the element type it is to be written in.
        case notRepresentable(tensor: String, as: ElementType)
    }
}
