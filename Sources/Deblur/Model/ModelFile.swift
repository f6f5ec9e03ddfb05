import Checkpoints
import Foundation
import Kernels
import Network

/// A model's files, read once and put together, before anything is computed with them: tensors, their architecture, and the
/// description. A ``Model`` is made of it, and it is written in the project's own form.
public struct ModelFile {
    /// The tensors, a classifier from a file of its own among them.
    public let archive: TensorArchive
    /// Those of the main file alone.
    public let mainFile: TensorArchive
    /// As their names and shapes tell; it has what the description presupposes.
    public let architecture: Architecture
    public let configuration: ModelConfiguration
    /// What a user should know about the description although it can be used.
    public let warnings: [String]
    let url: URL
    var description: ModelDescription

    /// Checks names, shapes and description; numbers are looked at where a network is made of them.
    ///
    /// - Parameters:
    ///   - url: our `.safetensors` or a PyTorch checkpoint. `URL.json` beside it may tell what the file does not.
    ///   - entry: which entry of a checkpoint; nil for `params`, else `state_dict`, else the bare dictionary.
    ///   - classifier: a classifier in a file of its own: the children of `ape` without that prefix. Where both files
    ///     have one they must agree.
    /// - Throws: `CheckpointError`, `ModelError`.
    public init(contentsOf url: URL, entry: TensorArchive.Entry? = nil, classifier: URL? = nil) throws {
        self.url = url
        mainFile = try TensorArchive(contentsOf: url, entry: entry)
        description = try ModelDescription(of: mainFile, at: url)
        configuration = try description.configuration(name: url.deletingPathExtension().lastPathComponent)
        archive = try classifier.map { [mainFile] in try mainFile.union(TensorArchive(contentsOf: $0).adding(prefix: "ape.")) } ?? mainFile
        architecture = try AdaRevD.architecture(of: archive, configuration)
        let overruled = description.overruled.joined(separator: ", ")
        warnings =
            overruled.isEmpty
            ? [] : ["\(url.lastPathComponent).json: not used for \(overruled): the model file says otherwise"]
    }

    /// Degradation classes; nil without a classifier.
    public var classes: Int? {
        if case .classifier(_, let classes) = architecture.exitHead { return classes }
        return nil
    }

    /// The network with its weights, packed for this CPU.
    ///
    /// - Parameters:
    ///   - kernelNoise: seed of the noise in UFPNet's kernel codes (specification 5.2); nil for none, the default,
    ///     which gives the mean of the authors' random results.
    ///   - kernels: what it computes with.
    /// - Throws: `CheckpointError`, `ModelError`.
    public func network(kernelNoise: UInt64? = nil, kernels: KernelSet = .best) throws -> AdaRevD {
        try AdaRevD(
            archive: archive, configuration: configuration, kernelNoise: kernelNoise, kernels: kernels, warnings: warnings)
    }

    /// The model with its stored answer, where there is one.
    ///
    /// - Parameters:
    ///   - table: replaces the model's exit table.
    ///   - kernelNoise: as of ``network(kernelNoise:kernels:)``.
    ///   - precision: of the operands of matrix products.
    /// - Throws: `CheckpointError`, `ModelError`, ``ExitChoiceError``, ``KnownAnswer/Unreadable``; `KernelSet.Missing` where
    ///   the CPU lacks the instructions for the precision.
    public func model(
        table: [Int]? = nil, kernelNoise: UInt64? = nil, precision: KernelSet.Precision = .fp32
    ) throws -> Model {
        let network = try network(kernelNoise: kernelNoise, kernels: KernelSet.required(precision))
        // A stored answer is that of the network without noise.
        return try Model(network, table: table, knownAnswer: kernelNoise == nil ? KnownAnswer.beside(url) : nil)
    }

    /// Replaces what calibrating finds.
    public mutating func set(increments: [[Double?]], exitTable: [Int], tau: Double, thresholds: [Double]) {
        description.set(increments: increments, exitTable: exitTable, tau: tau, thresholds: thresholds)
    }
}
