import Network
import Tiles

/// A model that is ready to use: the network, and what is told of it.
public struct Model: Sendable {
    public let network: any TileNetwork
    public let tile: TileSize
    public let summary: ModelSummary
    /// The instruction set that was chosen for this CPU.
    public let kernels: String
    /// The stored answer of the known tile; nil when none came with the model.
    public let knownAnswer: KnownAnswer?
    /// Turns a choice into the policy of this model; throws ``ExitChoiceError``.
    public let policy: @Sendable (ExitChoice) throws -> ExitPolicy

    public init(
        network: any TileNetwork, tile: TileSize, summary: ModelSummary, kernels: String,
        knownAnswer: KnownAnswer? = nil, policy: @escaping @Sendable (ExitChoice) throws -> ExitPolicy
    ) {
        self.network = network
        self.tile = tile
        self.summary = summary
        self.kernels = kernels
        self.knownAnswer = knownAnswer
        self.policy = policy
    }

    /// K
    public var subDecoders: Int { network.subDecoders }

    /// Threads that restore images with it, of many clients at once.
    ///
    /// - Parameter threads: that compute.
    public func scheduler(threads: Int) -> TileScheduler {
        TileScheduler(network: network, configuration: .init(threads: threads, tile: tile))
    }

    /// `name@digest`, the digest shortened to 12 digits: the value of `Deblur-Model`.
    public var reference: String { "\(summary.name)@\(summary.digest.prefix(12))" }
}
