import Checkpoints
import Foundation
import Kernels

/// The network: encoder, K reversible sub-decoders with a head each, and what decides a tile's exit. Its weights are
/// packed for this CPU once and shared by all threads.
public final class AdaRevD: Sendable {
    public let architecture: Architecture
    public let configuration: ModelConfiguration
    /// Numbers in the tensors that inference uses.
    public let parameterCount: Int
    /// SHA-256 of the file (or files), hexadecimal; of random weights a name.
    public let digest: String
    /// What a user should know about the file although it can be used.
    public let warnings: [String]
    public let kernels: KernelSet

    let encoder: Encoder
    let decoders: [SubDecoder]
    let classifier: DegradationClassifier?
    let regressor: GainRegressor?

    init(
        _ source: WeightSource, architecture: Architecture, configuration: ModelConfiguration, parameterCount: Int,
        digest: String, warnings: [String], kernelNoise: UInt64? = nil
    ) {
        self.architecture = architecture
        self.configuration = configuration
        self.parameterCount = parameterCount
        self.digest = digest
        self.warnings = warnings
        kernels = source.kernels
        encoder = Encoder(source, architecture, kernelNoise: kernelNoise)
        decoders = (0..<architecture.subDecoders).map { SubDecoder(source, index: $0) }
        switch architecture.exitHead {
        case .none:
            classifier = nil
            regressor = nil
        case .classifier(let input, _):
            // In full precision always: it is 1 % of the work, and a rounded class could change a whole tile.
            classifier = DegradationClassifier(source.using(.best), input: input)
            regressor = nil
        case .regressor(let input, let shared):
            classifier = nil
            regressor = GainRegressor(
                source.using(.best), input: input, shared: shared, subDecoders: architecture.subDecoders)
        }
    }

    /// Random weights of that architecture, for measuring and for tests.
    ///
    /// - Parameters:
    ///   - kernelNoise: as for a model file.
    ///   - change: what to make of a random value of the tensor of that name.
    public convenience init(
        random architecture: Architecture, seed: UInt64 = 1, kernelNoise: UInt64? = nil, kernels: KernelSet = .best,
        change: ((_ name: String, _ value: Float) -> Float)? = nil
    ) throws {
        let shapes = try architecture.tensorShapes()
        try architecture.check(kernelNoise: kernelNoise)
        let blocks = architecture.encoderBlocks.map(String.init).joined(separator: "-")
        var configuration = ModelConfiguration(
            name: "random-\(architecture.encoder.rawValue)-w\(architecture.width)-\(blocks)-k\(architecture.subDecoders)")
        if case .classifier(_, let classes) = architecture.exitHead {
            configuration.exitTable = [Int](repeating: architecture.subDecoders, count: classes)
        }
        self.init(
            WeightSource(random: shapes, seed: seed, kernels: kernels, change: change), architecture: architecture,
            configuration: configuration, parameterCount: shapes.values.reduce(0) { $0 + $1.reduce(1, *) },
            digest: "random-\(seed)", warnings: [], kernelNoise: kernelNoise)
    }
}

/// The part of the network that turns an image into features; of either kind.
enum Encoder: Sendable {
    case nafnet(NAFNetEncoder)
    case ufpnet(UFPNetEncoder)

    /// - Parameter kernelNoise: seed of UFPNet's noise; nil for none.
    init(_ source: WeightSource, _ architecture: Architecture, kernelNoise: UInt64?) {
        switch architecture.encoder {
        case .nafnet:
            self = .nafnet(NAFNetEncoder(source, architecture))
        case .ufpnet:
            self = .ufpnet(UFPNetEncoder(source, architecture, noise: kernelNoise.map(BlurNoise.init)))
        }
    }
}
