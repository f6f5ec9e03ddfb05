import Checkpoints

extension Architecture {
    /// Reads the architecture off the names and shapes of a checkpoint's tensors.
    ///
    /// What they cannot tell is the input of a regressor where two share a shape: `fd4` against `_d4`.
    ///
    /// - Parameters:
    ///   - regressorInput: used where the shapes allow it; else the first candidate that fits.
    ///   - archive: the checkpoint.
    /// - Throws: ``ModelError/notAdaRevD(_:)``.
    public init(inferredFrom archive: TensorArchive, regressorInput: RegressorInput? = nil) throws {
        let names = Set(archive.names)
        guard let intro = archive["encoder.intro.weight"], intro.shape.count == 4 else {
            throw ModelError.notAdaRevD("there is no encoder.intro.weight of four dimensions")
        }
        func count(_ prefix: String) -> Int {
            let indices = names.lazy.filter { $0.hasPrefix(prefix) }
                .compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) }
            return (indices.max() ?? -1) + 1
        }
        encoder = names.contains { $0.hasPrefix("encoder.flow.") } ? .ufpnet : .nafnet
        width = intro.shape[0]
        encoderBlocks = (0..<4).map { count("encoder.encoders.\($0).") }
        middleBlocks = count("encoder.middle_blks.")
        subDecoders = count("subdenets.")
        exitHead = .none
        guard width > 0, width <= 4096 else { throw ModelError.notAdaRevD("a width of \(width)") }
        guard subDecoders > 0, subDecoders <= 64 else { throw ModelError.notAdaRevD("\(subDecoders) sub-decoders") }
        guard (encoderBlocks + [middleBlocks]).allSatisfy({ $0 <= 1024 }) else {
            throw ModelError.notAdaRevD("block numbers above 1024")
        }
        if names.contains("subdenets.0.level0.blocks.0.sca.1.weight") {
            throw ModelError.unsupported("sub-decoders of plain NAFBlocks (baseblock naf)")
        }
        exitHead = try Self.exitHead(of: archive, names: names, width: width, regressorInput: regressorInput)
    }

    private static func exitHead(
        of archive: TensorArchive, names: Set<String>, width: Int, regressorInput: RegressorInput?
    ) throws -> ExitHead {
        guard names.contains(where: { $0.hasPrefix("ape.") }) else { return .none }
        func classes(_ head: String) throws -> Int {
            guard let size = archive["\(head).classifier.3.weight"]?.shape.first, size > 0 else {
                throw ModelError.notAdaRevD("there is no \(head).classifier.3.weight")
            }
            return size
        }
        func regressor(_ head: String, shared: Bool) throws -> ExitHead {
            let length = archive["\(head).classifier.1.weight"]?.shape.last ?? 0
            let candidates = RegressorInput.allCases.filter { $0.channels(width: width) == length }
            guard let first = candidates.first else {
                throw ModelError.notAdaRevD("\(head) reads \(length) channels, which fits no feature")
            }
            let chosen = regressorInput.flatMap { candidates.contains($0) ? $0 : nil } ?? first
            return .regressor(input: chosen, shared: shared)
        }
        if names.contains("ape.classifier.1.weight") { return try regressor("ape", shared: true) }
        if names.contains("ape.0.classifier.1.weight") { return try regressor("ape.0", shared: false) }
        if names.contains("ape.0.weight") { return .classifier(input: .e3, classes: try classes("ape.2")) }
        if names.contains("ape.0.conv1.weight") { return .classifier(input: .e4, classes: try classes("ape.1")) }
        throw ModelError.notAdaRevD("the ape.* tensors are neither a classifier nor a regressor")
    }
}
