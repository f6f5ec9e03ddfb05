import Kernels

/// UFPNet's kernel branch on a whole image.
extension WholeImageEncoding {
    var kernelPass: KernelBandPass? {
        guard let kernelEncoder, let memory = kernelMemory else { return nil }
        return KernelBandPass(
            branch: kernelEncoder.branch, size: layout.size, band: memory.band, halved: memory.halved,
            first: kernelEncoder.attentions[0]?.kernelHead, y: readByBlock(atScale: 0), tile: 0, kernels: kernels,
            team: team)
    }

    /// Where GELU(`conv_kernel.0`(κ)) of a scale waits for its block, `(size, channels)`: where the coarser features will
    /// be, and the spare part behind them.
    private func readByBlock(atScale scale: Int) -> UnsafeMutablePointer<Float> { maps[scale + 1] }

    /// - Parameter units: 0 reads the strip's rows, i runs the estimator's i-th layer on them.
    func estimate(
        _ strip: EstimatorStrip, _ units: Range<Int>,
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        guard let kernelEncoder, let memory = kernelMemory else { return }
        for unit in units {
            guard unit == 0 else {
                estimatorLayers[unit - 1]()
                continue
            }
            for (index, y) in strip.seen.enumerated() { try readRow(y, memory.pixels + index * layout.size.width * 3) }
            estimatorLayers = kernelEncoder.branch.estimate(
                memory.pixels, size: strip.size(width: layout.size.width), fields: memory.fields, kernels: kernels,
                team: team)
        }
    }

    /// - Parameter rows: counted from the strip's first.
    func makeKernels(of strip: EstimatorStrip, _ rows: Range<Int>) {
        guard let pass = kernelPass, let memory = kernelMemory else { return }
        let first = strip.rows.lowerBound, band = first + rows.lowerBound..<first + rows.upperBound
        if band.lowerBound == 0 { pass.clearBorders() }
        pass.make(
            band,
            from: KernelEstimate(
                memory.fields, firstRow: strip.seen.lowerBound, size: strip.size(width: layout.size.width)))
        pass.read(band)
    }

    func runKernelHead(_ scale: Int, _ rows: Range<Int>) {
        guard let attention = kernelEncoder?.attentions[scale], let memory = kernelMemory else { return }
        memory.halved[scale - 1].run(attention.kernelHead, rows: rows, to: readByBlock(atScale: scale), team: team)
    }

    /// nil where the first block of that scale is no kernel block.
    func attention(atScale scale: Int) -> SlidingAttention? {
        guard scale < 3, let attention = kernelEncoder?.attentions[scale], let memory = kernelMemory else { return nil }
        return SlidingAttention(
            attention, map: maps[scale], kernel: readByBlock(atScale: scale), size: size(atScale: scale),
            memory: memory.attention, kernels: kernels, team: team)
    }
}
