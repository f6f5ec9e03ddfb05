import Kernels

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
