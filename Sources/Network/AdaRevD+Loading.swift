import Checkpoints
import Foundation
import Kernels

extension AdaRevD {
    /// Loads a model file.
    ///
    /// - Parameters:
    ///   - url: our `.safetensors` or a PyTorch checkpoint. `URL.json` beside it may describe what tensors cannot tell.
    ///   - entry: which entry of a checkpoint; nil for `params`, else `state_dict`, else the bare dictionary.
    ///   - classifierURL: a classifier in a file of its own: the children of `ape` without that prefix. Where both files
    ///     have one they must agree.
    ///   - kernelNoise: seed of the noise in UFPNet's kernel codes (specification 5.2); nil for none, the default, which
    ///     gives the mean of the authors' random results.
    /// - Throws: `CheckpointError`, ``ModelError``.
    public convenience init(
        contentsOf url: URL, entry: TensorArchive.Entry? = nil, classifier classifierURL: URL? = nil,
        kernelNoise: UInt64? = nil, kernels: KernelSet = .best
    ) throws {
        var archive = try TensorArchive(contentsOf: url, entry: entry)
        let configuration = try Self.configuration(of: archive, at: url)
        if let classifierURL {
            archive = try archive.union(TensorArchive(contentsOf: classifierURL).adding(prefix: "ape."))
        }
        try self.init(
            archive: archive, configuration: configuration, kernelNoise: kernelNoise, kernels: kernels)
    }

    /// Builds the network from tensors that have been read.
    ///
    /// - Throws: `CheckpointError`, ``ModelError``.
    package convenience init(
        archive: TensorArchive, configuration: ModelConfiguration, kernelNoise: UInt64? = nil,
        kernels: KernelSet = .best
    ) throws {
        let architecture = try Architecture(
            inferredFrom: archive, regressorInput: configuration.regressorInput)
        let shapes = try architecture.tensorShapes()
        try archive.check(shapes: shapes, ignoring: Architecture.isUnused)
        try archive.checkFinite()
        try architecture.checkKernelBuffers(archive)
        try architecture.check(kernelNoise: kernelNoise)
        try configuration.check(against: architecture)
        self.init(
            WeightSource(archive, kernels: kernels), architecture: architecture, configuration: configuration,
            parameterCount: shapes.values.reduce(0) { $0 + $1.reduce(1, *) }, digest: archive.digest(),
            warnings: Self.warnings(archive, architecture, configuration), kernelNoise: kernelNoise)
    }

    /// Metadata of the file itself first, then the side file, then the file's name alone.
    private static func configuration(of archive: TensorArchive, at url: URL) throws -> ModelConfiguration {
        let name = url.deletingPathExtension().lastPathComponent
        let side = URL(fileURLWithPath: url.path + ".json")
        if let data = try? Data(contentsOf: side) { return try ModelConfiguration(json: data, name: name) }
        if let json = archive.metadata["config"] {
            if let version = archive.metadata["version"], version != "1" {
                throw ModelError.unsupported("version \(version) of our model format")
            }
            return try ModelConfiguration(json: Data(json.utf8), name: name)
        }
        return ModelConfiguration(name: name)
    }

    private static func warnings(
        _ archive: TensorArchive, _ architecture: Architecture, _ configuration: ModelConfiguration
    ) -> [String] {
        var warnings: [String] = []
        let small = (0..<architecture.subDecoders).flatMap { decoder in
            (0..<4).map { "subdenets.\(decoder).alpha\($0)" }
        }.filter { name in
            archive[name]?.floats().contains { $0 != 0 && abs($0) < SubDecoder.Level.smallestAlpha } ?? false
        }
        if !small.isEmpty {
            warnings.append(
                "α below \(SubDecoder.Level.smallestAlpha) in \(small.joined(separator: ", ")): raised to it; the "
                    + "authors' adaptive loop would use the stored value")
        }
        if case .classifier(_, let classes) = architecture.exitHead, configuration.exitTable == nil {
            let known = ModelConfiguration.publishedTable(subDecoders: architecture.subDecoders, classes: classes)
            warnings.append(
                known.map { "no exit table in the file: the published one is used (\($0))" }
                    ?? "no exit table in the file: every tile runs all sub-decoders")
        }
        return warnings
    }
}
