import Kernels

/// Sorts a tile by how badly it is blurred (specification 7.2, `hard_simple`).
struct DegradationClassifier: Sendable {
    /// `ape.0` when the input is e3: to 1/16 scale.
    private let down: HalvingConvolution?
    private let block: Block
    private let head: VectorHead

    init(_ source: WeightSource, input: Architecture.ClassifierInput) {
        let first = input == .e3 ? 1 : 0
        down = input == .e3 ? source.halving("ape.0") : nil
        block = Block(source, "ape.\(first)", fourier: false)
        head = VectorHead(source, "ape.\(first + 1)")
    }

    /// One output per class from the workspace's scaled features, which it leaves as they are.
    func logits(kernels: KernelSet, in workspace: Workspace) -> [Float] {
        let size = workspace.size(atScale: 4), c = workspace.channels(atScale: 4), map = workspace.mixed
        if let down {
            let source = workspace.maps[3], row = 2 * size.width * c / 2
            workspace.team.parallelFor(size.height) { y in
                down.apply(pixels: size.width, source + y * 2 * row, to: map + y * size.width * c, stride: c)
            }
        } else {
            map.update(from: workspace.maps[4], count: size.pixels * c)
        }
        BlockPass(block: block, map: map, size: size, kernels: kernels, workspace: workspace, transform: nil).run()
        pool(map, pixels: size.pixels, channels: c, sums: workspace.sums, to: workspace.vectors[2])
        return head.run(workspace.vectors[2], kernels: kernels)
    }
}
