import Kernels

/// Predicts what the next sub-decoder would gain in dB (specification 7.3).
struct GainRegressor: Sendable {
    let input: Architecture.RegressorInput
    /// One, or one per step from sub-decoder i to i + 1.
    private let heads: [VectorHead]

    /// - Parameters:
    ///   - tensors: `ape`.
    ///   - width: w.
    init(
        _ tensors: TensorReader, width: Int, input: Architecture.RegressorInput, shared: Bool, subDecoders: Int
    ) {
        self.input = input
        let parts = shared ? [tensors] : (0..<max(0, subDecoders - 1)).map { tensors["\($0)"] }
        heads = parts.map { VectorHead($0, input.channels(width: width), outputs: 1) }
    }

    /// - Parameter step: 1…K−1, the sub-decoder whose result the tile would leave with. For the inputs with an updated
    ///   d4 the next sub-decoder's first level has run.
    func gain(step: Int, kernels: KernelSet, in workspace: Workspace) -> Float {
        let vector = workspace.vectors[2]
        var filled = 0
        func append(scale: Int) {
            let c = workspace.channels(atScale: scale)
            poolGlobally(
                workspace.maps[scale], pixels: workspace.size(atScale: scale).pixels, channels: c, sums: workspace.sums,
                to: vector + filled)
            filled += c
        }
        // With fd4_d4 both halves are the updated d4: the previous one has been overwritten, as in the authors' inference.
        if let scale = input.scale { append(scale: scale) }
        if input.readsUpdatedD4 { append(scale: 3) }
        return heads[heads.count == 1 ? 0 : step - 1].run(vector, kernels: kernels)[0]
    }
}
