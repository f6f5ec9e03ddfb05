import Kernels

/// One reversible sub-decoder: four levels, coarse to fine, each d ← α·d + L(coarser new, finer old) (Eq. 9).
struct SubDecoder: Sendable {
    /// By level as in the key names: 0 is the deepest (scale 1/8), 3 the finest.
    let levels: [Level]
    /// `outputs.j.0`
    let head: ImageHead

    /// - Parameters:
    ///   - index: 0…K−1.
    ///   - width: w.
    init(_ tensors: TensorReader, index: Int, width: Int) {
        levels = (0..<4).map { Level(tensors["subdenets.\(index)"], level: $0, channels: width << (3 - $0)) }
        head = ImageHead(tensors["outputs.\(index).0"], width)
    }

    /// FuseBlock, then a FourierBlock, and the α of the sum.
    struct Level: Sendable {
        let fuse: FuseBlock
        let block: Block
        /// Per channel, |α| ≥ 1e-3 unless it is 0 (specification 6, the clamp).
        let alpha: AlignedFloats

        /// The name of α where a value of it was raised.
        let raisedAlpha: String?

        init(_ tensors: TensorReader, level: Int, channels: Int) {
            let name = "alpha\(level)", stored = tensors.floats(name, [1, channels, 1, 1])
            fuse = FuseBlock(tensors["level\(level).fusion"], channels, hasDown: level < 3)
            block = Block(tensors["level\(level).blocks.0"], channels, fourier: true)
            let clamped = stored.map(Self.clamped)
            alpha = AlignedFloats(clamped)
            raisedAlpha = clamped == stored ? nil : tensors.name(name)
        }

        static let smallestAlpha: Float = 1e-3

        /// sign(α)·max(|α|, 1e-3); 0 stays 0.
        static func clamped(_ alpha: Float) -> Float {
            guard alpha != 0, abs(alpha) < smallestAlpha else { return alpha }
            return alpha < 0 ? -smallestAlpha : smallestAlpha
        }
    }
}

/// Brings the neighbouring scales of a level together: the next coarser map up, the next finer one down.
struct FuseBlock: Sendable {
    /// `up.0` with its columns in the order in which PixelShuffle(2) wants them: for the upper and the lower row of each
    /// pixel's 2×2 result (left pixel's channels, right pixel's channels), so that the product is stored in place.
    let up: (PackedMatrix, PackedMatrix)
    /// `down.0` and `down.1`; the finest level has none.
    let down: (HalvingConvolution, LayerNorm)?

    /// - Parameter channels: C.
    init(_ tensors: TensorReader, _ channels: Int, hasDown: Bool) {
        let c = channels
        func row(_ dy: Int) -> PackedMatrix {
            tensors["up.0"].matrix([4 * c, 2 * c, 1, 1], rows: 2 * c, depth: 2 * c, hasBias: false) { row, column in
                let (dx, channel) = row.quotientAndRemainder(dividingBy: c)
                return (4 * channel + 2 * dy + dx) * 2 * c + column
            }
        }
        up = (row(0), row(1))
        down =
            hasDown
            ? (
                HalvingConvolution(tensors["down.0"], out: c, in: c / 2),
                tensors.norm("down.1.body", c, epsilon: 1e-5)
            ) : nil
    }

    /// z = up(coarse) + LayerNorm(down(fine)).
    ///
    /// - Parameters:
    ///   - coarse: `(size / 2, 2C)`.
    ///   - fine: `(size · 2, C / 2)`; nil at the finest level.
    ///   - z: `(size, C)`.
    func run(
        coarse: UnsafePointer<Float>, fine: UnsafePointer<Float>?, to z: UnsafeMutablePointer<Float>, size: MapSize,
        channels c: Int, kernels: KernelSet, team: ThreadTeam
    ) {
        let half = size.width / 2, row = size.width * c, pitch = c + 16
        team.parallelFor(size.height / 2) { pair, next in
            let source = coarse + pair * half * 2 * c, y = z + 2 * pair * row
            let nextSource = next.map { Ahead(coarse + $0 * row, count: row) }
            // Four rows of the finer map, each of as many floats as one of z.
            let nextFine = fine.flatMap { fine in next.map { Ahead(fine + $0 * 4 * row, count: 4 * row) } }
            up.0.multiply(rows: half, source, stride: 2 * c, to: y, stride: 2 * c, ahead: nextSource)
            up.1.multiply(rows: half, source, stride: 2 * c, to: y + row, stride: 2 * c, ahead: nextFine)
            guard let down, let fine else { return }
            var scratch = Scratch(floats: Scratch.rounded(size.width * pitch))
            let strip = scratch.take(size.width * pitch)
            for line in 0..<2 {
                // Two rows of the finer map, each twice as wide with half the channels: 2·row floats.
                let pairOfRows = fine + (2 * pair + line) * 2 * row
                down.0.apply(pixels: size.width, pairOfRows, to: strip, stride: pitch)
                kernels.layerNorm(
                    down.1, pixels: size.width, strip, stride: pitch, to: y + line * row, stride: c, accumulate: true)
            }
        }
    }
}

/// conv 3×3 to RGB as one product that gives every pixel's share in its nine neighbours, and their sum.
struct ImageHead: Sendable {
    /// (27, w): column 3·tap + colour.
    private let taps: PackedMatrix
    let bias: AlignedFloats

    /// - Parameter width: w.
    init(_ tensors: TensorReader, _ width: Int) {
        taps = tensors.matrix([3, width, 3, 3], rows: 27, depth: width, hasBias: false) { row, channel in
            let (tap, colour) = row.quotientAndRemainder(dividingBy: 3)
            return (colour * width + channel) * 9 + tap
        }
        bias = AlignedFloats(tensors.floats("bias", [3]))
    }

    /// - Parameters:
    ///   - map: `(size, w)`.
    ///   - work: `(size, 27)`, pixels `ImagePatches.tapStride` apart.
    ///   - image: `(size, 3)`.
    func run(
        _ map: UnsafePointer<Float>, size: MapSize, work: UnsafeMutablePointer<Float>,
        to image: UnsafeMutablePointer<Float>, team: ThreadTeam
    ) {
        let w = taps.depth, width = size.width, stride = ImagePatches.tapStride
        team.parallelFor(size.height) { y in
            taps.multiply(rows: width, map + y * width * w, stride: w, to: work + y * width * stride, stride: stride)
        }
        team.parallelFor(size.height) { y in
            ImagePatches.scatter(work, height: size.height, width: width, row: y, bias: bias, to: image)
        }
    }
}

extension SubDecoder {
    /// d ← α·d + L(…) at one level (0 = deepest), or its inverse d ← (d − L(…)) / α.
    ///
    /// Coarse maps must be new and fine ones old in the direction at hand, which the order of the levels gives: 0 to 3
    /// forward (Eq. 9), 3 to 0 backward (Eq. 10).
    func runLevel(_ level: Int, inverse: Bool = false, kernels: KernelSet, in workspace: Workspace) {
        let scale = 3 - level, c = workspace.channels(atScale: scale), size = workspace.size(atScale: scale)
        let parts = levels[level], map = workspace.maps[scale], z = workspace.mixed
        // Reads the coarse map (half of this one's floats) and the fine one (twice), writes z.
        let fuseFloats = size.pixels * c * (scale > 0 ? 7 : 3) / 2 + (scale > 0 ? 10 : 8) * c * c
        workspace.timed("fuse", floats: fuseFloats) {
            parts.fuse.run(
                coarse: workspace.maps[scale + 1], fine: scale > 0 ? workspace.maps[scale - 1] : nil, to: z, size: size,
                channels: c, kernels: kernels, team: workspace.team)
        }
        let transform = workspace.transform(atScale: scale)
        BlockPass(
            block: parts.block, map: z, size: size, kernels: kernels, workspace: workspace, transform: transform
        ).run()
        // What remains of the FourierBlock, the last inverse transform along rows, meets the sum with α·d.
        workspace.timed("combine", floats: size.pixels * 3 * c + transform.spectrumCount) {
            let plan = RowPlan(size), width = size.width, pitch = c + 16, factor = 1 / Float(size.pixels)
            workspace.team.parallelFor(plan.unitCount) { index in
                let unit = plan.unit(index), first = unit.lowerBound * width * c, pixels = unit.count * width
                var scratch = Scratch(
                    floats: Scratch.rounded(pixels * pitch) + Scratch.rounded(transform.scratchCount))
                let strip = scratch.take(pixels * pitch), work = scratch.take(transform.scratchCount)
                for y in unit {
                    transform.invertRow(
                        y, of: workspace.spectrum, into: strip + (y - unit.lowerBound) * width * pitch, stride: pitch,
                        scratch: work)
                }
                kernels.combineRows(
                    pixels: pixels, channels: c, z + first, stride: c, strip, stride: pitch, times: factor,
                    alpha: parts.alpha.constant, inverse: inverse, into: map + first, stride: c)
            }
        }
    }
}
