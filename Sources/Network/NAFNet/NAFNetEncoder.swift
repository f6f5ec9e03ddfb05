import Kernels

/// The encoder half of NAFNet, and the feature scales that follow it (specification 3 and 6).
struct NAFNetEncoder: Sendable {
    /// (w, 27): conv 3×3 on gathered patches.
    let intro: PackedMatrix
    let blocks: [[Block]]
    let middle: [Block]
    let downs: [HalvingConvolution]
    /// `conv_features.i`
    let featureScales: [AlignedFloats]

    init(_ tensors: TensorReader, _ architecture: Architecture) {
        let encoder = tensors["encoder"], w = architecture.width
        // (w, colour, tap) → (w, 3·tap + colour), the order of a patch.
        intro = encoder["intro"].matrix([w, 3, 3, 3], rows: w, depth: 27) { row, column in
            let (tap, colour) = column.quotientAndRemainder(dividingBy: 3)
            return (row * 3 + colour) * 9 + tap
        }
        blocks = (0..<4).map { scale in
            (0..<architecture.encoderBlocks[scale]).map {
                Block(encoder["encoders.\(scale).\($0)"], w << scale, fourier: false)
            }
        }
        middle = (0..<architecture.middleBlocks).map { Block(encoder["middle_blks.\($0)"], w << 4, fourier: false) }
        downs = (0..<4).map { HalvingConvolution(encoder["downs.\($0)"], out: 2 * w << $0, in: w << $0) }
        featureScales = (0...4).map { AlignedFloats(tensors.floats("conv_features.\($0)", [1, w << $0, 1, 1])) }
    }

    /// Fills the workspace's maps with the scaled features f0…f4 of an image `(height, width, 3)`.
    ///
    /// - Parameters:
    ///   - firstInput: asked before the first block of a scale what its first norm reads instead of the scale's map.
    ///   - observe: gets each unscaled e_i (scale, map) when it is complete; for tests.
    func run(
        _ image: UnsafePointer<Float>, kernels: KernelSet, in workspace: Workspace,
        firstInput: ((_ scale: Int) -> UnsafePointer<Float>?)? = nil,
        observe: ((Int, UnsafePointer<Float>) -> Void)? = nil
    ) {
        let team = workspace.team
        let introFloats = workspace.size(atScale: 0).pixels * (3 + workspace.channels(atScale: 0))
        workspace.timed("intro", floats: introFloats) { runIntro(image, in: workspace) }
        for scale in 0..<4 {
            let size = workspace.size(atScale: scale), c = workspace.channels(atScale: scale)
            let map = workspace.maps[scale], next = workspace.maps[scale + 1]
            for (index, block) in blocks[scale].enumerated() {
                let input = index == 0 ? firstInput?(scale) : nil
                run(block, on: map, input: input, size: size, kernels: kernels, in: workspace)
            }
            observe?(scale, UnsafePointer(map))
            // Reads and scales the map, writes half as many floats; (2C, 4C) weights.
            workspace.timed("down", floats: size.pixels * 5 * c / 2 + 8 * c * c) {
                let row = size.width * c
                team.parallelFor(size.height / 2) { y in
                    let pair = map + 2 * y * row
                    downs[scale].apply(pixels: size.width / 2, pair, to: next + y * row, stride: 2 * c)
                    // The next level sees e, everything else f: scaled here while the two rows are near.
                    kernels.scaleRows(
                        pixels: 2 * size.width, channels: c, pair, stride: c, by: featureScales[scale].constant,
                        to: pair, stride: c)
                }
            }
        }
        let size = workspace.size(atScale: 4), c = workspace.channels(atScale: 4), map = workspace.maps[4]
        for block in middle { run(block, on: map, size: size, kernels: kernels, in: workspace) }
        observe?(4, UnsafePointer(map))
        kernels.scaleRows(
            pixels: size.pixels, channels: c, map, stride: c, by: featureScales[4].constant, to: map, stride: c)
    }

    private func run(
        _ block: Block, on map: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>? = nil, size: MapSize,
        kernels: KernelSet, in workspace: Workspace
    ) {
        BlockPass(
            block: block, map: map, size: size, kernels: kernels, workspace: workspace, transform: nil,
            firstInput: input
        ).run()
    }

    private func runIntro(_ image: UnsafePointer<Float>, in workspace: Workspace) {
        let size = workspace.size(atScale: 0), w = workspace.channels(atScale: 0), pitch = 32
        workspace.team.parallelFor(size.height) { y in
            var scratch = Scratch(floats: Scratch.rounded(size.width * pitch))
            let patches = scratch.take(size.width * pitch)
            ImagePatches.gather(
                image, height: size.height, width: size.width, row: y, to: patches, stride: pitch)
            intro.multiply(
                rows: size.width, patches, stride: pitch, to: workspace.maps[0] + y * size.width * w, stride: w)
        }
    }
}
