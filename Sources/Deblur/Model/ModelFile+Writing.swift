import Checkpoints
import Foundation
import Kernels
import Network

/// Writes a model in the project's own form: safetensors with the model's description in its metadata.
public struct ModelFileWriter {
    /// How numbers are stored.
    public enum Storage: String, Sendable, Hashable, CaseIterable {
        /// As the source stores them (float64 and integers become float32).
        case kept
        case fp32
        case bf16
        case fp16
    }

    /// The network, loaded and so checked: names, shapes, finiteness, description.
    public let network: AdaRevD
    private let archive: TensorArchive
    private var description: ModelDescription

    /// - Parameters:
    ///   - url: any model file that can be loaded, with its side file if it has one.
    ///   - entry: which entry of a checkpoint.
    ///   - classifier: a classifier in a file of its own, which becomes part of the model.
    ///   - kernelNoise: of the loaded network.
    ///   - kernels: that the loaded network computes with.
    /// - Throws: `CheckpointError`, `ModelError`.
    public init(
        contentsOf url: URL, entry: TensorArchive.Entry? = nil, classifier: URL? = nil, kernelNoise: UInt64? = nil,
        kernels: KernelSet = .best
    ) throws {
        network = try AdaRevD(
            contentsOf: url, entry: entry, classifier: classifier, kernelNoise: kernelNoise, kernels: kernels)
        var archive = try TensorArchive(contentsOf: url, entry: entry)
        let stored = try ModelConfiguration.sources(of: archive, at: url).json
        if let classifier {
            archive = try archive.union(TensorArchive(contentsOf: classifier).adding(prefix: "ape."))
        }
        self.archive = archive
        description = try ModelDescription(stored: stored)
        description.complete(network.architecture, network.configuration)
    }

    /// Takes over the increments and the exit table that they give for τ.
    ///
    /// - Throws: ``EvaluationError`` when the model's classes are not those of the calibration.
    public mutating func set(_ calibration: Calibration, tau: Double) throws {
        guard case .classifier(_, let classes) = network.architecture.exitHead else { throw EvaluationError.noClasses }
        guard calibration.thresholds.classes == classes else {
            throw EvaluationError.thresholds(expected: classes - 1, actual: calibration.thresholds.decibels.count)
        }
        description.set(calibration, tau: tau)
    }

    /// - Throws: `CheckpointError`, with `notRepresentable` where a number is too large for 16 bits.
    public func write(to url: URL, as storage: Storage = .kept) throws {
        var metadata = archive.metadata
        metadata["format"] = "deblur"
        metadata["version"] = "1"
        metadata["config"] = String(decoding: try description.json(), as: UTF8.self)
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
        switch storage {
        case .kept:
            return [.float16, .bfloat16].contains(tensor.elementType) ? tensor.elementType : .float32
        case .fp32: return .float32
        case .bf16: return isMatrix ? .bfloat16 : widened(tensor)
        case .fp16: return isMatrix ? .float16 : widened(tensor)
        }
    }

    private static func widened(_ tensor: StoredTensor) -> ElementType {
        [.float16, .bfloat16].contains(tensor.elementType) ? tensor.elementType : .float32
    }
}
