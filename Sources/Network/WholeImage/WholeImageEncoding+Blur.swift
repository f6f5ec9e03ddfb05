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

/// Rows of an image whose blur kernels are estimated together.
struct BlurStrip {
    let rows: Range<Int>
    /// Those and what reaches them from outside.
    let seen: Range<Int>

    /// At most so many rows make a strip; what is seen around it is recomputed for its neighbours.
    static let mostRows = 384

    func size(width: Int) -> MapSize { MapSize(height: seen.count, width: width) }

    /// - Parameter bandRows: a divisor of `mostRows`; strips end where bands do.
    static func strips(height: Int, bandRows: Int) -> [BlurStrip] {
        let count = (height + mostRows - 1) / mostRows, wanted = (height + count - 1) / count
        let rows = (wanted + bandRows - 1) / bandRows * bandRows
        return stride(from: 0, to: height, by: rows).map { start in
            let end = min(height, start + rows)
            return BlurStrip(
                rows: start..<end,
                seen: max(0, start - BlurEstimator.reach)..<min(height, end + BlurEstimator.reach))
        }
    }
}
