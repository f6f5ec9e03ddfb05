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
