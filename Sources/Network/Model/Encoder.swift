import Kernels

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

    /// Fills the workspace's maps with the scaled features f0…f4 of an image `(height, width, 3)`.
    ///
    /// - Parameter observe: gets each unscaled e_i (scale, map) when it is complete; for tests.
    func run(
        _ image: UnsafePointer<Float>, kernels: KernelSet, in workspace: Workspace,
        observe: ((Int, UnsafePointer<Float>) -> Void)?
    ) {
        switch self {
        case .nafnet(let encoder): encoder.run(image, kernels: kernels, in: workspace, observe: observe)
        case .ufpnet(let encoder): encoder.run(image, kernels: kernels, in: workspace, observe: observe)
        }
    }
}
