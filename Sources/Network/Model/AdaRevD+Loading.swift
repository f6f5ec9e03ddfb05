import Checkpoints
import Kernels

extension AdaRevD {
    /// What tensors are, by their names and shapes alone; they and the description have to fit it.
    ///
    /// - Throws: `CheckpointError`, ``ModelError``.
    package static func architecture(
        of archive: TensorArchive, _ configuration: ModelConfiguration
    ) throws -> Architecture {
        let architecture = try Architecture(inferredFrom: archive, regressorInput: configuration.regressorInput)
        let needs = architecture.tensorNeeds
        try archive.check(shapes: needs.shapes) { name in needs.unused.contains { name.hasPrefix($0) } }
        try configuration.check(against: architecture)
        return architecture
    }

    /// Builds the network from tensors that have been read.
    ///
    /// - Throws: `CheckpointError`, ``ModelError``.
    package convenience init(
        archive: TensorArchive, configuration: ModelConfiguration, kernelNoise: UInt64? = nil,
        kernels: KernelSet = .best, warnings: [String] = []
    ) throws {
        let architecture = try Self.architecture(of: archive, configuration)
        try archive.checkFinite()
        try self.init(
            .file(archive), architecture: architecture, configuration: configuration, digest: archive.digest(),
            kernelNoise: kernelNoise, kernels: kernels,
            warnings: { warnings + Self.warnings($0, architecture, configuration) })
    }

    private static func warnings(
        _ layers: NetworkLayers, _ architecture: Architecture, _ configuration: ModelConfiguration
    ) -> [String] {
        var warnings: [String] = []
        let small = layers.decoders.flatMap { $0.levels.compactMap(\.raisedAlpha) }
        if !small.isEmpty {
            warnings.append(
                "α below \(SubDecoder.Level.smallestAlpha) in \(small.joined(separator: ", ")): raised to it; the "
                    + "authors' adaptive loop would use the stored value")
        }
        if case .classifier(_, let classes) = architecture.exitHead, configuration.exitTable == nil {
            let known = ModelConfiguration.publishedTable(subDecoders: architecture.subDecoders, classes: classes)
                .map { $0.map(String.init).joined(separator: ",") }
            warnings.append(
                known.map { "no exit table in the file: the published one is used (\($0))" }
                    ?? "no exit table in the file: every tile runs all sub-decoders")
        }
        return warnings
    }
}
