import Kernels

/// UFPNet's kernel branch on a whole image.
extension WholeImageEncoding {
    var blurPass: BlurBandPass? {
        guard let blurEncoder, let memory = blurMemory else { return nil }
        return BlurBandPass(
            branch: blurEncoder.branch, size: layout.size, band: memory.band, halved: memory.halved,
            first: blurEncoder.attentions[0]?.blurHead, y: readByBlock(atScale: 0), tile: 0, kernels: kernels,
            team: team)
    }

    /// Where GELU(`conv_kernel.0`(κ)) of a scale waits for its block, `(size, channels)`: where the coarser features will
    /// be, and the spare part behind them.
    private func readByBlock(atScale scale: Int) -> UnsafeMutablePointer<Float> { maps[scale + 1] }

    /// - Parameter units: 0 reads the strip's rows, i runs the estimator's i-th layer on them.
    func estimate(
        _ strip: BlurStrip, _ units: Range<Int>,
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        guard let blurEncoder, let memory = blurMemory else { return }
        for unit in units {
            guard unit == 0 else {
                estimatorLayers[unit - 1]()
                continue
            }
            for (index, y) in strip.seen.enumerated() { try readRow(y, memory.pixels + index * layout.size.width * 3) }
            estimatorLayers = blurEncoder.branch.estimate(
                memory.pixels, size: strip.size(width: layout.size.width), fields: memory.fields, kernels: kernels,
                team: team)
        }
    }

    /// - Parameter rows: counted from the strip's first.
    func makeBlur(of strip: BlurStrip, _ rows: Range<Int>) {
        guard let pass = blurPass, let memory = blurMemory else { return }
        let first = strip.rows.lowerBound, band = first + rows.lowerBound..<first + rows.upperBound
        if band.lowerBound == 0 { pass.clearBorders() }
        pass.make(
            band,
            from: BlurEstimate(
                memory.fields, firstRow: strip.seen.lowerBound, size: strip.size(width: layout.size.width)))
        pass.read(band)
    }

    func runBlurHead(_ scale: Int, _ rows: Range<Int>) {
        guard let attention = blurEncoder?.attentions[scale], let memory = blurMemory else { return }
        memory.halved[scale - 1].run(attention.blurHead, rows: rows, to: readByBlock(atScale: scale), team: team)
    }

    /// nil where the first block of that scale is no kernel block.
    func attention(atScale scale: Int) -> SlidingAttention? {
        guard scale < 3, let attention = blurEncoder?.attentions[scale], let memory = blurMemory else { return nil }
        return SlidingAttention(
            attention, map: maps[scale], blur: readByBlock(atScale: scale), size: size(atScale: scale),
            memory: memory.attention, kernels: kernels, team: team)
    }
}
