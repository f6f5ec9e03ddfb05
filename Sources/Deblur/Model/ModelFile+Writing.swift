import Checkpoints
import Foundation

extension ModelFile {
    /// How numbers are stored.
    public enum Storage: String, Sendable, Hashable, CaseIterable {
        /// As the source stores them (float64 and integers become float32).
        case kept
        case fp32
        case bf16
        case fp16
    }

    /// Writes the model in the project's own form: safetensors with the model's description in its metadata.
    ///
    /// - Throws: `CheckpointError`, with `notRepresentable` where a number is too large for 16 bits.
    public func write(to url: URL, as storage: Storage = .kept) throws {
        var metadata = archive.metadata
        metadata["format"] = "deblur"
        metadata["version"] = "1"
        metadata["config"] = String(decoding: try description.completed(architecture, configuration).json(), as: UTF8.self)
        var writer = SafetensorsWriter(metadata: metadata)
        for name in archive.names {
            guard let tensor = archive[name] else { continue }
            writer.add(tensor, as: Self.type(of: tensor, storage))
        }
        try FileManager.default.createDirectory(
            at: url.absoluteURL.deletingLastPathComponent(), withIntermediateDirectories: true)
        try writer.write(to: url)
    }

    /// Only the matrices and kernels of layers are narrowed. Biases, norms, scales, α and the flow's statistics are
    /// less than a hundredth of the file, and an error in one of them shows in a whole channel.
    private static func type(of tensor: StoredTensor, _ storage: Storage) -> ElementType {
        let isMatrix = tensor.name.hasSuffix("weight") && tensor.shape.count >= 2
        let widened: ElementType = [.float16, .bfloat16].contains(tensor.elementType) ? tensor.elementType : .float32
        switch storage {
        case .kept: return widened
        case .fp32: return .float32
        case .bf16: return isMatrix ? .bfloat16 : widened
        case .fp16: return isMatrix ? .float16 : widened
        }
    }
}
