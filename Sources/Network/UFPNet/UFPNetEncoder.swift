import Kernels

/// The encoder half of UFPNet: NAFNet's with the kernel branch beside it and, where scales 1, 1/2 and 1/4 have a single
/// block, a kernel attention before that block's first norm (specification 4).
struct UFPNetEncoder: Sendable {
    let skeleton: NAFNetEncoder
    let branch: BlurBranch
    /// By scale, 1 to 1/4; nil where there is no kernel block.
    let attentions: [BlurAttention?]

    /// Which channel stands at each place of κ at full resolution.
    var blurOrder: [Int] { branch.order }

    init(_ tensors: TensorReader, _ architecture: Architecture, noise: BlurNoise?) {
        let branch = BlurBranch(tensors["encoder"], noise: noise)
        skeleton = NAFNetEncoder(tensors, architecture)
        attentions = (0..<3).map { scale in
            // Only a block that is alone at its scale is a kernel block.
            guard architecture.encoderBlocks[scale] == 1 else { return nil }
            return BlurAttention(
                tensors["encoder.encoders.\(scale).0.kernel_atttion"], channels: architecture.channels(atScale: scale),
                blurOrder: scale == 0 ? branch.order : nil)
        }
        self.branch = branch
    }

    /// As ``NAFNetEncoder/run(_:kernels:in:firstInput:observe:)``.
    func run(
        _ image: UnsafePointer<Float>, kernels: KernelSet, in workspace: Workspace, _ blur: BlurWorkspace,
        observe: ((Int, UnsafePointer<Float>) -> Void)?
    ) {
        branch.run(image, first: attentions[0]?.blurHead, to: workspace.gated, kernels: kernels, in: workspace, blur)
        skeleton.run(
            image, kernels: kernels, in: workspace,
            firstInput: { scale in
                guard scale < 3, let attention = attentions[scale] else { return nil }
                workspace.timed("kernel attention") {
                    if scale > 0 {
                        blur.halved[scale - 1].run(attention.blurHead, to: workspace.gated, team: workspace.team)
                    }
                    attention.run(
                        workspace.maps[scale], size: workspace.size(atScale: scale), kernels: kernels, in: workspace)
                }
                return UnsafePointer(workspace.mixed)
            }, observe: observe)
    }
}
