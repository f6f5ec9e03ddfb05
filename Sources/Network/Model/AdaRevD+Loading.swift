import Checkpoints
import Foundation
import Kernels

extension AdaRevD {
    /// Loads a model file.
    ///
    /// - Parameters:
    ///   - url: our `.safetensors` or a PyTorch checkpoint. `URL.json` beside it may tell what the file does not.
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
        let file = try ModelFileParts(contentsOf: url, entry: entry, classifier: classifierURL)
        try self.init(
            archive: file.archive, configuration: file.configuration, kernelNoise: kernelNoise, kernels: kernels,
            warnings: file.warnings)
    }

    /// Checks a model file by its names, shapes and description, without reading its numbers.
    ///
    /// - Parameter table: an exit table that it is to be used with.
    /// - Throws: `CheckpointError`, ``ModelError``; ``ModelError/exit(_:)`` for a table that does not fit.
    public static func check(contentsOf url: URL, classifier: URL? = nil, table: [Int]? = nil) throws {
        let file = try ModelFileParts(contentsOf: url, classifier: classifier)
        let (architecture, _) = try checkedArchitecture(of: file.archive, file.configuration)
        _ = try ExitRules(architecture: architecture, configuration: file.configuration).policy(.adaptive, table: table)
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

/// What a model's files hold before anything is made of it.
private struct ModelFileParts {
    var archive: TensorArchive
    let configuration: ModelConfiguration
    let warnings: [String]

    init(contentsOf url: URL, entry: TensorArchive.Entry? = nil, classifier: URL? = nil) throws {
        archive = try TensorArchive(contentsOf: url, entry: entry)
        let name = url.deletingPathExtension().lastPathComponent
        let sources = try ModelConfiguration.sources(of: archive, at: url)
        configuration = try sources.json.map { try ModelConfiguration(json: $0, name: name) }
            ?? ModelConfiguration(name: name)
        if let classifier {
            archive = try archive.union(TensorArchive(contentsOf: classifier).adding(prefix: "ape."))
        }
        warnings =
            sources.overruled.isEmpty
            ? []
            : [
                "\(url.lastPathComponent).json: not used for \(sources.overruled.joined(separator: ", ")): the model file "
                    + "says otherwise"
            ]
    }
}
