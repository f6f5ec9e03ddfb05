import Checkpoints
import Kernels

extension AdaRevD {
    /// What tensors are, by their names and shapes alone; they and the description have to fit it.
    ///
    /// - Throws: `CheckpointError`, ``ModelError``.
    package static func architecture(
        of archive: TensorArchive, _ configuration: ModelConfiguration
    ) throws -> Architecture {
        try checkedArchitecture(of: archive, configuration).0
    }

    private static func checkedArchitecture(
        of archive: TensorArchive, _ configuration: ModelConfiguration
    ) throws -> (Architecture, shapes: [String: [Int]]) {
        let architecture = try Architecture(inferredFrom: archive, regressorInput: configuration.regressorInput)
        let shapes = try architecture.tensorShapes()
        try archive.check(shapes: shapes, ignoring: Architecture.isUnused)
        try configuration.check(against: architecture)
        return (architecture, shapes)
    }

    /// Builds the network from tensors that have been read.
    ///
    /// - Throws: `CheckpointError`, ``ModelError``.
    package convenience init(
        archive: TensorArchive, configuration: ModelConfiguration, kernelNoise: UInt64? = nil,
        kernels: KernelSet = .best, warnings: [String] = []
    ) throws {
        let (architecture, shapes) = try Self.checkedArchitecture(of: archive, configuration)
        try archive.checkFinite()
        try architecture.checkBlurBuffers(archive)
        try architecture.check(kernelNoise: kernelNoise)
        self.init(
            WeightSource(archive, kernels: kernels), architecture: architecture, configuration: configuration,
            parameterCount: shapes.values.reduce(0) { $0 + $1.reduce(1, *) }, digest: archive.digest(),
            warnings: warnings + Self.warnings(archive, architecture, configuration), kernelNoise: kernelNoise)
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
                .map { $0.map(String.init).joined(separator: ",") }
            warnings.append(
                known.map { "no exit table in the file: the published one is used (\($0))" }
                    ?? "no exit table in the file: every tile runs all sub-decoders")
        }
        return warnings
    }
}
