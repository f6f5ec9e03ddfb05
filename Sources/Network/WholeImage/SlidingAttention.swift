import Kernels

/// A(x, κ) of a kernel block at work on one map of a whole image, from top to bottom some rows at a time. What it has made
/// of the last two rows waits for the next ones.
///
/// It reads one row of the map above those asked for, and one below.
struct SlidingAttention {
    let attention: BlurAttention
    /// x, `(size, channels)`.
    let map: UnsafePointer<Float>
    /// GELU(`conv_kernel.0`(κ)), `(size, channels)`.
    let blur: UnsafePointer<Float>
    let size: MapSize
    let memory: Memory
    let kernels: KernelSet
    let team: ThreadTeam
    /// Rows that have been asked for.
    private var done = 0
    /// Of the last time.
    private var lastCount = 0

    /// A row has as many values at every scale, but for the zero pixels at its ends.
    struct Memory {
        /// p and q side by side, `(mostRows + 2, width + 2, 2·channels)`, with zero pixels at the ends of a row: the row
        /// above those asked for comes first.
        let both: UnsafeMutablePointer<Float>
        /// `(mostRows, width, channels)`
        let result: UnsafeMutablePointer<Float>

        /// Floats of `both` for a map of that width and that many channels at full resolution. Coarser maps have fewer
        /// pixels of more channels, and the same two zero pixels per row.
        static func bothCount(width: Int, channels: Int) -> Int {
            (0..<3).map { (mostRows + 2) * ((width >> $0) + 2) * 2 * (channels << $0) }.max() ?? 0
        }
    }

    /// May be asked for at a time: a band, and the row below it that a depthwise 3×3 wants of the first one.
    static let mostRows = SlidingBlockPass.bandRows + 1

    init(
        _ attention: BlurAttention, map: UnsafePointer<Float>, blur: UnsafePointer<Float>, size: MapSize,
        memory: Memory, kernels: KernelSet, team: ThreadTeam
    ) {
        self.attention = attention
        self.map = map
        self.blur = blur
        self.size = size
        self.memory = memory
        self.kernels = kernels
        self.team = team
    }

    /// - Parameter rows: the next ones, at most ``mostRows``.
    /// - Returns: `(rows, width, channels)`, until the next call.
    mutating func run(_ rows: Range<Int>) -> UnsafePointer<Float> {
        precondition(rows.lowerBound == done && rows.count <= Self.mostRows, "rows \(rows) after \(done)")
        let c = attention.channels, rowStride = (size.width + 2) * 2 * c
        let both = memory.both, result = memory.result, above = rows.lowerBound - 1
        // Row y of p and q stands at (y − above).
        let first: Int
        if rows.lowerBound == 0 {
            both.update(repeating: 0, count: rowStride)
            first = 0
        } else {
            both.update(from: both + lastCount * rowStride, count: 2 * rowStride)
            first = rows.lowerBound + 1
        }
        let end = min(rows.upperBound + 1, size.height)
        if rows.upperBound == size.height {
            (both + (rows.count + 1) * rowStride).update(repeating: 0, count: rowStride)
        }
        team.parallelFor(max(0, end - first)) { index in
            let y = first + index
            attention.join(
                map, blur, row: y, size: size, to: both + (y - above) * rowStride, kernels: kernels)
        }
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index
            attention.gateRow(
                pixels: size.width, both + index * rowStride, rowStride: rowStride, plus: map + y * size.width * c,
                to: result + index * size.width * c, kernels: kernels)
        }
        done = rows.upperBound
        lastCount = rows.count
        return UnsafePointer(result)
    }
}
