import Kernels

/// The encoder half of UFPNet: NAFNet's with the kernel branch beside it and, where scales 1, 1/2 and 1/4 have a single
/// block, a kernel attention before that block's first norm (specification 4).
struct UFPNetEncoder: Sendable {
    let skeleton: NAFNetEncoder
    let branch: KernelBranch
    /// By scale, 1 to 1/4; nil where there is no kernel block.
    let attentions: [KernelAttention?]

    /// Which channel stands at each place of κ at full resolution.
    var kernelOrder: [Int] { branch.order }

    init(_ source: WeightSource, _ architecture: Architecture, noise: KernelNoise?) {
        let branch = KernelBranch(source, noise: noise)
        skeleton = NAFNetEncoder(source, architecture)
        attentions = (0..<3).map { scale in
            guard architecture.hasKernelBlock(atScale: scale) else { return nil }
            return KernelAttention(
                source, "encoder.encoders.\(scale).0.kernel_atttion", kernelOrder: scale == 0 ? branch.order : nil)
        }
        self.branch = branch
    }

    /// As ``NAFNetEncoder/run(_:kernels:in:firstInput:observe:)``.
    func run(
        _ image: UnsafePointer<Float>, kernels: KernelSet, in workspace: Workspace,
        observe: ((Int, UnsafePointer<Float>) -> Void)?
    ) {
        branch.run(image, first: attentions[0]?.kernelHead, to: workspace.gated, kernels: kernels, in: workspace)
        skeleton.run(
            image, kernels: kernels, in: workspace,
            firstInput: { scale in
                guard scale < 3, let attention = attentions[scale] else { return nil }
                workspace.timed("kernel attention") {
                    if scale > 0, let map = workspace.kernelMemory?.halved[scale - 1] {
                        map.run(attention.kernelHead, to: workspace.gated, team: workspace.team)
                    }
                    attention.run(
                        workspace.maps[scale], size: workspace.size(atScale: scale), kernels: kernels, in: workspace)
                }
                return UnsafePointer(workspace.mixed)
            }, observe: observe)
    }
}
