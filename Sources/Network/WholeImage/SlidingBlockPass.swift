import Kernels

/// A NAFBlock of the encoder at work on one map of a whole image, in place, from top to bottom in bands of rows.
///
/// Its pooling is local (specification 11, TLC): the attention of a row needs the gated rows of its window and no
/// others. So the first half of the block (norm, conv1, depthwise, gate) runs ahead of the second by half a window, and
/// what lies between them is a ring of rows instead of a map. The first half reads rows that the second has not reached.
///
/// Chunks follow from the map's shape alone, and so do all sums: results do not depend on the team.
struct SlidingBlockPass {
    /// Rows of a band.
    static let bandRows = 32

    let block: Block
    /// `(size, channels)`, changed in place.
    let map: UnsafeMutablePointer<Float>
    let size: MapSize
    /// Pixels of the pooling window on a long side.
    let window: Int
    let memory: Memory
    /// Of a kernel block: what its first norm reads instead of the map.
    private var attention: SlidingAttention?
    let kernels: KernelSet
    let team: ThreadTeam
    /// Rows that the first half is through with.
    private var gatedRows = 0

    init(
        block: Block, attention: SlidingAttention?, map: UnsafeMutablePointer<Float>, size: MapSize, window: Int,
        memory: Memory, kernels: KernelSet, team: ThreadTeam
    ) {
        self.block = block
        self.attention = attention
        self.map = map
        self.size = size
        self.window = window
        self.memory = memory
        self.kernels = kernels
        self.team = team
    }

    /// What lies between the two halves. A row of a map has as many values at every scale: half the pixels, twice the
    /// channels.
    struct Memory {
        /// Gated rows, `(ringRows, width, channels)`; row y at y mod `ringRows`.
        let ring: UnsafeMutablePointer<Float>
        /// `(bandRows + 2, width, 2·channels)`: what is to be gated; later, from its third row on, the band's vertical
        /// means `(bandRows, width, channels)`.
        let wide: UnsafeMutablePointer<Float>
        /// `(width, channels)`: sums over the rows of the window.
        let sums: UnsafeMutablePointer<Double>
    }

    /// Rows of the ring: the window, and as far as it moves in a band.
    static func ringRows(height: Int, window: Int) -> Int { min(height, min(height, window) + bandRows) }

    private var channels: Int { block.channels }
    private var pitch: Int { channels + 16 }
    /// Values of a row of the map.
    private var rowCount: Int { size.width * channels }
    private var vertical: SlidingWindow { SlidingWindow(length: size.height, window: window) }
    private var horizontal: SlidingWindow { SlidingWindow(length: size.width, window: window) }

    /// Finishes the next band. Bands come in order, of `bandRows` rows but for the last.
    mutating func run(_ rows: Range<Int>) {
        let end = vertical.start(at: rows.upperBound - 1) + vertical.size
        while gatedRows < end {
            let next = min(gatedRows + Self.bandRows, end)
            gate(gatedRows..<next)
            gatedRows = next
        }
        pool(rows)
        secondHalf(rows)
    }

    private func ringRow(_ y: Int) -> UnsafeMutablePointer<Float> {
        memory.ring + y % Self.ringRows(height: size.height, window: window) * rowCount
    }

    // MARK: norm1, conv1, conv2, gate

    /// The rows before have been gated; the last two of `wide` then wait at its front: the one above `rows` and the first
    /// of them.
    private mutating func gate(_ rows: Range<Int>) {
        let c = channels, width = size.width, wide = memory.wide, wideRow = 2 * rowCount, pitch = pitch
        let front = rows.lowerBound - 1
        let first = rows.lowerBound == 0 ? 0 : rows.lowerBound + 1, end = min(rows.upperBound + 1, size.height)
        let pixels = max(0, end - first) * width, strip = RowPlan.stripPixels
        var input = UnsafePointer(map + first * width * c)
        if pixels > 0, let attended = attention?.run(first..<end) { input = attended }
        let block = block, kernels = kernels
        team.parallelFor((pixels + strip - 1) / strip) { chunk in
            let start = chunk * strip, count = min(strip, pixels - start)
            var scratch = Scratch(floats: Scratch.rounded(count * pitch))
            let normed = scratch.take(count * pitch)
            kernels.layerNorm(
                block.norm1, pixels: count, input + start * c, stride: c, to: normed, stride: pitch)
            block.conv1.multiply(
                rows: count, normed, stride: pitch, to: wide + (first - front) * wideRow + start * 2 * c, stride: 2 * c)
        }
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index, here = wide + (y - front) * wideRow
            var scratch = Scratch(floats: Scratch.rounded(2 * c))
            // The kernel's sums over the row, which nobody needs here.
            let unused = scratch.takeDoubles(c)
            kernels.depthwiseGate(
                block.conv2, width: width, above: y > 0 ? here - wideRow : nil, here: here,
                below: y + 1 < size.height ? here + wideRow : nil, to: ringRow(y), sums: unused)
        }
        wide.update(from: wide + rows.count * wideRow, count: 2 * wideRow)
    }

    // MARK: pooling

    /// `(bandRows, width, channels)`
    private var verticalMeans: UnsafeMutablePointer<Float> { memory.wide + 4 * rowCount }

    private func pool(_ rows: Range<Int>) {
        let vertical = vertical, rowCount = rowCount, lanes = 2048
        team.parallelFor((rowCount + lanes - 1) / lanes) { chunk in
            let start = chunk * lanes, count = min(lanes, rowCount - start), sums = memory.sums + start
            if rows.lowerBound == 0 {
                sums.update(repeating: 0, count: count)
                for y in 0..<vertical.size {
                    SlidingSums.slide(sums, count: count, entering: ringRow(y) + start, leaving: nil)
                }
            }
            for (index, y) in rows.enumerated() {
                let first = vertical.start(at: y), moves = vertical.moves(at: y)
                SlidingSums.slide(
                    sums, count: count, entering: moves ? ringRow(first + vertical.size - 1) + start : nil,
                    leaving: moves ? ringRow(first - 1) + start : nil, times: 1 / Double(vertical.size),
                    to: verticalMeans + index * rowCount + start)
            }
        }
    }

    // MARK: pooling along the row, attention, conv3, norm2, conv4, gate, conv5

    private func secondHalf(_ rows: Range<Int>) {
        let c = channels, width = size.width, horizontal = horizontal
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index, means = verticalMeans + index * rowCount
            let most = min(RowPlan.stripPixels, width), product = block.conv4.productCount(rows: most)
            var scratch = Scratch(
                floats: 2 * Scratch.rounded(most * pitch) + Scratch.rounded(product) + Scratch.rounded(2 * c))
            let strip = scratch.take(most * pitch), hidden = scratch.take(most * pitch)
            let products = scratch.take(product), sums = scratch.takeDoubles(c)
            for x in 0..<horizontal.size {
                SlidingSums.slide(sums, count: c, entering: means + x * c, leaving: nil)
            }
            for start in stride(from: 0, to: width, by: most) {
                let pixels = min(most, width - start), x = map + (y * width + start) * c
                for pixel in 0..<pixels {
                    let position = start + pixel
                    let first = horizontal.start(at: position), moves = horizontal.moves(at: position)
                    SlidingSums.slide(
                        sums, count: c, entering: moves ? means + (first + horizontal.size - 1) * c : nil,
                        leaving: moves ? means + (first - 1) * c : nil, times: 1 / Double(horizontal.size),
                        to: hidden + pixel * pitch)
                }
                block.attention.multiply(rows: pixels, hidden, stride: pitch, to: strip, stride: pitch)
                SlidingSums.multiplyRows(
                    pixels: pixels, channels: c, ringRow(y) + start * c, stride: c, into: strip, stride: pitch)
                block.conv3.multiply(rows: pixels, strip, stride: pitch, to: x, stride: c, .add)

                kernels.layerNorm(block.norm2, pixels: pixels, x, stride: c, to: strip, stride: pitch)
                block.conv4.multiplyGated(
                    rows: pixels, strip, stride: pitch, to: hidden, stride: pitch, product: products)
                block.conv5.multiply(rows: pixels, hidden, stride: pitch, to: x, stride: c, .add)
            }
        }
    }
}

extension Scratch {
    /// Zeros in double precision; takes twice as many floats.
    mutating func takeDoubles(_ count: Int) -> UnsafeMutablePointer<Double> {
        // 64-byte aligned, and not used as floats while it is this.
        let part = UnsafeMutableRawPointer(take(2 * count)).assumingMemoryBound(to: Double.self)
        part.update(repeating: 0, count: count)
        return part
    }
}
