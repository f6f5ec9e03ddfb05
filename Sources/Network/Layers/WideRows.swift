/// Where the rows of conv1's result lie between it and the depthwise convolution.
///
/// A map that would not stay in the cache is not written out: a chunk's rows go round in a ring, and only those that are
/// needed when the chunk is over, the two at either border, lie in the map.
struct WideRows {
    private let map: UnsafeMutablePointer<Float>
    private let rowCount: Int
    private let plan: RowPlan?
    private let chunk: Range<Int>
    private let ring: UnsafeMutablePointer<Float>
    private let ringRows: Int

    /// The rows near a border, and all of them where the plan has no ring.
    ///
    /// - Parameters:
    ///   - map: `(height, width, 2·channels)`.
    ///   - rowCount: floats of a row.
    init(_ map: UnsafeMutablePointer<Float>, rowCount: Int) {
        self.map = map
        self.rowCount = rowCount
        plan = nil
        chunk = 0..<0
        ring = map
        ringRows = 0
    }

    /// The rows of one chunk.
    ///
    /// - Parameter ring: `ringRows` rows, which this chunk alone uses.
    init(
        _ map: UnsafeMutablePointer<Float>, rowCount: Int, _ plan: RowPlan, of chunk: Range<Int>,
        ring: UnsafeMutablePointer<Float>
    ) {
        self.map = map
        self.rowCount = rowCount
        self.plan = plan.ringRows == nil ? nil : plan
        self.chunk = chunk
        self.ring = ring
        ringRows = plan.ringRows ?? 0
    }

    subscript(_ y: Int) -> UnsafeMutablePointer<Float> {
        guard let plan, !plan.isNearBorder(y, of: chunk) else { return map + y * rowCount }
        return ring + y % ringRows * rowCount
    }

    /// How many of these rows lie one behind the other.
    func contiguous(_ rows: Range<Int>) -> Int { plan == nil ? rows.count : 1 }
}
