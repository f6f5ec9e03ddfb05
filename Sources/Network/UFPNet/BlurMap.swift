import Kernels

/// κ, or some rows of it: 361 channels per pixel, with a zero pixel at either end of a row and room for a zero row above
/// and below, so that 3×3 convolutions read it as it is.
struct BlurMap {
    let memory: UnsafeMutablePointer<Float>
    let width: Int
    /// Rows between the two zero rows.
    let rows: Int

    static let channels = BlurFlow.channels
    /// Floats between neighbouring rows.
    var rowStride: Int { (width + 2) * Self.channels }

    /// Rows of κ at full resolution that are made at a time, even: as many as 20 MB hold, enough for every thread to have
    /// some.
    static func bandRows(_ size: MapSize) -> Int {
        let fitting = (20 << 18) / ((size.width + 2) * channels)
        return min(size.height, max(8, min(32, fitting / 2 * 2)))
    }

    static func count(rows: Int, width: Int) -> Int { (rows + 2) * (width + 2) * channels }

    /// Row −1…rows with its padding, from the zero pixel on the left.
    func padded(_ row: Int) -> UnsafeMutablePointer<Float> { memory + (row + 1) * rowStride }

    /// Row 0…rows−1 from its first pixel.
    func pixels(_ row: Int) -> UnsafeMutablePointer<Float> { padded(row) + Self.channels }

    func clear(_ row: Int) { padded(row).update(repeating: 0, count: rowStride) }

    /// Makes the borders zero; a map's memory held something else before.
    func clearBorders() {
        clear(-1)
        clear(rows)
        for row in 0..<rows {
            padded(row).update(repeating: 0, count: Self.channels)
            (padded(row + 1) - Self.channels).update(repeating: 0, count: Self.channels)
        }
    }

    /// Rows of y = GELU(convolution(κ)), `(rows, width, outputs)`; the convolution is the first of a kernel attention.
    ///
    /// - Parameter part: nil for all of them.
    func run(
        _ convolution: Convolution3x3, rows part: Range<Int>? = nil, to y: UnsafeMutablePointer<Float>, team: ThreadTeam
    ) {
        let part = part ?? 0..<rows
        team.parallelFor(part.count) { index in
            let row = part.lowerBound + index
            convolution.row(
                pixels: width, padded(row - 1), rowStride: rowStride, to: y + row * width * convolution.outputs,
                stride: convolution.outputs, .gelu)
        }
    }
}

/// Where the kernel branch works on a tile. Belongs to one workspace and is used like it.
final class BlurWorkspace: WorkspaceTenant {
    /// Three maps of 64 channels at full resolution for the estimator.
    private(set) var fields: [UnsafeMutablePointer<Float>] = []
    /// Some rows of κ at full resolution, never all.
    private(set) var band = BlurMap(memory: .unset, width: 0, rows: 0)
    /// κ at scales 1/2 and 1/4.
    private(set) var halved: [BlurMap] = []
    /// Which tile comes next; the noise depends on it.
    var tileIndex = 0
    /// For tests: looks at what the branch computes.
    var probe: BlurProbe?

    private var tile = MapSize(height: 0, width: 0)
    private var halvedParts: [Int] = []
    private var fieldParts: [Int] = []
    private var bandPart = 0

    func layOut(_ tile: MapSize, in plan: inout FloatArena.Plan) {
        self.tile = tile
        halvedParts = (1...2).map { scale in
            let size = tile.halved(scale)
            return plan.add(BlurMap.count(rows: size.height, width: size.width))
        }
    }

    func layOutTransient(in plan: inout FloatArena.Plan) {
        fieldParts = (0..<3).map { _ in plan.add(tile.pixels * BlurEstimator.channels) }
        bandPart = plan.add(BlurMap.count(rows: BlurMap.bandRows(tile) + 2, width: tile.width))
    }

    func place(in arena: FloatArena) {
        fields = fieldParts.map(arena.pointer)
        band = BlurMap(memory: arena.pointer(bandPart), width: tile.width, rows: BlurMap.bandRows(tile) + 2)
        halved = zip(1...2, halvedParts).map { scale, part in
            let size = tile.halved(scale)
            return BlurMap(memory: arena.pointer(part), width: size.width, rows: size.height)
        }
    }
}
