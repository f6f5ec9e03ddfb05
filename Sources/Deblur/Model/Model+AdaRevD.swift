import Checkpoints
import Foundation
import Kernels
import Network
import Tiles

extension ServedModel {
    /// Loads a model file and, where there is one, its stored answer.
    ///
    /// - Parameters:
    ///   - entry: which entry of a checkpoint; nil for the usual one.
    ///   - table: replaces the model's exit table.
    ///   - kernelNoise: seed of the noise in UFPNet's kernel codes; nil for none.
    /// - Throws: `CheckpointError`, `ModelError`, ``ExitChoiceError``; `KernelSet.Missing` where the CPU lacks the
    ///   instructions for the precision.
    public init(
        contentsOf url: URL, entry: TensorArchive.Entry? = nil, classifier: URL? = nil, table: [Int]? = nil,
        kernelNoise: UInt64? = nil, precision: KernelSet.Precision = .fp32
    ) throws {
        let network = try AdaRevD(
            contentsOf: url, entry: entry, classifier: classifier, kernelNoise: kernelNoise,
            kernels: KernelSet.required(precision))
        // A stored answer is that of the network without noise.
        try self.init(network, table: table, knownAnswer: kernelNoise == nil ? KnownAnswer.beside(url) : nil)
    }

    /// - Parameter table: replaces the model's exit table.
    public init(_ network: AdaRevD, table: [Int]? = nil, knownAnswer: KnownAnswer? = nil) throws {
        let configuration = network.configuration
        let policy: @Sendable (ExitChoice) throws -> ExitPolicy = { choice in
            // A request's τ derives a table of its own, which is the point of asking for one.
            let table = choice.table ?? (choice.tau == nil ? table : nil)
            do {
                return try network.policy(
                    choice.fixed.map { .fixed($0) } ?? .adaptive, tau: choice.tau,
                    table: choice.fixed == nil ? table : nil)
            } catch let error as ModelError {
                let parameter = choice.fixed != nil ? "exit" : choice.tau != nil ? "tau" : "exit-table"
                throw ExitChoiceError(parameter: parameter, reason: error.description)
            }
        }
        // A table that does not fit the model is a mistake of whoever starts the service, not of its clients.
        _ = try policy(ExitChoice())
        self.init(
            network: network, tile: try TileSize(side: configuration.tile, overlap: configuration.overlap),
            summary: ModelSummary(network, table: table), kernels: network.kernels.name, knownAnswer: knownAnswer,
            policy: policy)
    }
}

extension ModelSummary {
    init(_ network: AdaRevD, table: [Int]?) {
        let architecture = network.architecture
        let configuration = network.configuration
        var classes = 0
        var classifier: String?
        switch architecture.exitHead {
        case .none: break
        case .classifier(let input, let count):
            classes = count
            classifier = "degradation classes from encoder feature \(input.rawValue)"
        case .regressor(let input, let shared):
            classifier = "gain regressor on \(input.rawValue), \(shared ? "one for all" : "one per step")"
        }
        self.init(
            name: configuration.name, digest: network.digest, encoder: architecture.encoder.rawValue,
            width: architecture.width, encoderBlocks: architecture.encoderBlocks,
            middleBlocks: architecture.middleBlocks, subDecoders: architecture.subDecoders, classes: classes,
            classifier: classifier, exitTable: table ?? configuration.exitTable,
            incrementsDecibels: configuration.increments, tau: configuration.tau, parameters: network.parameterCount,
            tile: configuration.tile, overlap: configuration.overlap,
            precision: network.kernels.precision.rawValue, warnings: network.warnings)
    }
}
