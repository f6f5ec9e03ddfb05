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

    let layers: NetworkLayers

    /// - Throws: ``ModelError/noiseWithoutBlur``; ``ModelError/unsupported(_:)`` for numbers that no formula takes.
    init(
        _ source: TensorSource, architecture: Architecture, configuration: ModelConfiguration, digest: String,
        kernelNoise: UInt64?, kernels: KernelSet, warnings: (NetworkLayers) -> [String]
    ) throws {
        guard kernelNoise == nil || architecture.encoder == .ufpnet else { throw ModelError.noiseWithoutBlur }
        layers = NetworkLayers(TensorReader(source, kernels: kernels), architecture, kernelNoise: kernelNoise)
        if let reason = source.refusals.first { throw ModelError.unsupported(reason) }
        self.architecture = architecture
        self.configuration = configuration
        self.digest = digest
        self.kernels = kernels
        self.warnings = warnings(layers)
        parameterCount = source.shapes.values.reduce(0) { $0 + $1.reduce(1, *) }
    }

    /// Random weights of that architecture, for measuring and for tests.
    ///
    /// - Parameters:
    ///   - kernelNoise: as for a model file.
    ///   - change: what to make of a random value of the tensor of that name.
    ///   - architecture: sizes of the network.
    ///   - seed: equal seeds give equal weights.
    ///   - kernels: what it computes with.
    public convenience init(
        random architecture: Architecture, seed: UInt64 = 1, kernelNoise: UInt64? = nil, kernels: KernelSet = .best,
        change: ((_ name: String, _ value: Float) -> Float)? = nil
    ) throws {
        let blocks = architecture.encoderBlocks.map(String.init).joined(separator: "-")
        var configuration = ModelConfiguration(
            name: "random-\(architecture.encoder.rawValue)-w\(architecture.width)-\(blocks)-k\(architecture.subDecoders)")
        if case .classifier(_, let classes) = architecture.exitHead {
            configuration.exitTable = [Int](repeating: architecture.subDecoders, count: classes)
        }
        try self.init(
            .random(seed: seed, change: change), architecture: architecture, configuration: configuration,
            digest: "random-\(seed)", kernelNoise: kernelNoise, kernels: kernels, warnings: { _ in [] })
    }
}

/// The layers of a network.
struct NetworkLayers: Sendable {
    /// NAFNet's, or what UFPNet's has of it.
    let encoder: NAFNetEncoder
    /// nil for a NAFNet encoder.
    let blurEncoder: UFPNetEncoder?
    let decoders: [SubDecoder]
    let classifier: DegradationClassifier?
    let regressor: GainRegressor?

    /// - Parameter kernelNoise: seed of UFPNet's noise; nil for none.
    init(_ tensors: TensorReader, _ architecture: Architecture, kernelNoise: UInt64? = nil) {
        blurEncoder =
            architecture.encoder == .ufpnet
            ? UFPNetEncoder(tensors, architecture, noise: kernelNoise.map(BlurNoise.init)) : nil
        encoder = blurEncoder?.skeleton ?? NAFNetEncoder(tensors, architecture)
        decoders = (0..<architecture.subDecoders).map { SubDecoder(tensors, index: $0, width: architecture.width) }
        // In full precision always: it is 1 % of the work, and a rounded class could change a whole tile.
        let head = tensors["ape"].using(.best)
        switch architecture.exitHead {
        case .none:
            classifier = nil
            regressor = nil
        case .classifier(let input, let classes):
            classifier = DegradationClassifier(
                head, channels: architecture.channels(atScale: 4), input: input, classes: classes)
            regressor = nil
        case .regressor(let input, let shared):
            classifier = nil
            regressor = GainRegressor(
                head, width: architecture.width, input: input, shared: shared, subDecoders: architecture.subDecoders)
        }
    }
}

extension Architecture {
    /// Names and shapes of all tensors (specification 12.1), without the buffers that inference does not use.
    public var tensorShapes: [String: [Int]] { tensorNeeds.shapes }

    /// What a network of this architecture asks for.
    var tensorNeeds: TensorSource {
        let source = TensorSource.listening()
        _ = NetworkLayers(TensorReader(source, kernels: .best), self)
        return source
    }
}
