import Network
import Tiles

extension Model {
    /// - Parameters:
    ///   - table: replaces the model's exit table.
    ///   - network: with its weights.
    ///   - knownAnswer: the stored answer of the known tile; nil when none came with the model.
    /// - Throws: ``ExitChoiceError`` for a table that does not fit.
    public init(_ network: AdaRevD, table: [Int]? = nil, knownAnswer: KnownAnswer? = nil) throws {
        let (architecture, configuration) = (network.architecture, network.configuration)
        let policy: @Sendable (ExitChoice) throws -> ExitPolicy = { choice in
            var choice = choice
            // A request's τ derives a table of its own, which is the point of asking for one.
            if choice.table == nil, choice.tau == nil { choice.table = table }
            return try choice.policy(for: architecture, configuration)
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
