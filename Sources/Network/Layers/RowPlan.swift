/// How the rows of a map are divided among threads and strips: by its size alone, so that results never depend on the
/// team.
struct RowPlan {
    /// A strip of about this many pixels goes through a matrix product at once: enough for the weights, read from the
    /// second or third cache, to cost little, few enough for the strip to stay in the second.
    static let stripPixels = 96

    /// Rows from which on a map is high enough for chunks with a ring.
    private static let highMap = 192

    let size: MapSize
    /// Whole rows that make up a strip.
    let unitRows: Int
    /// Rows of a chunk in a loop that leaves its border rows for later: several units, since every border is work done
    /// when its input has left the cache.
    let chunkRows: Int
    /// Rows that a chunk needs at hand to convolve one after the other; nil where maps are so small that they stay in
    /// the cache as a whole, and chunks so low that most of their rows lie at a border.
    let ringRows: Int?

    init(_ size: MapSize) {
        self.size = size
        unitRows = min(size.height, max(1, (Self.stripPixels + size.width - 1) / size.width))
        let isHigh = size.height >= Self.highMap
        let wanted = isHigh ? 24 : min(8, max(2, (size.height + 15) / 16))
        ringRows = isHigh ? unitRows + 2 : nil
        chunkRows = (wanted + unitRows - 1) / unitRows * unitRows
    }

    var chunks: Int { (size.height + chunkRows - 1) / chunkRows }
    var unitCount: Int { (size.height + unitRows - 1) / unitRows }

    func rows(of chunk: Int) -> Range<Int> {
        chunk * chunkRows..<min(size.height, (chunk + 1) * chunkRows)
    }

    func unit(_ index: Int) -> Range<Int> {
        index * unitRows..<min(size.height, (index + 1) * unitRows)
    }

    /// The units of a chunk; chunks begin at unit borders.
    func units(in rows: Range<Int>) -> some Sequence<Range<Int>> {
        (rows.lowerBound / unitRows..<(rows.upperBound + unitRows - 1) / unitRows).lazy.map(unit)
    }

    /// The unit behind another one of the same chunk; nil behind the last.
    func unit(after unit: Range<Int>, in rows: Range<Int>) -> Range<Int>? {
        unit.upperBound < rows.upperBound ? self.unit(unit.upperBound / unitRows) : nil
    }

    /// Whether another chunk's rows or those at the chunk's border need this one of its rows.
    func isNearBorder(_ y: Int, of rows: Range<Int>) -> Bool {
        y < rows.lowerBound + 2 || y >= rows.upperBound - 2
    }

    /// The rows of a chunk whose neighbours above and below are in the chunk, or outside the map.
    func innerRows(of rows: Range<Int>) -> Range<Int> {
        let first = rows.lowerBound == 0 ? 0 : rows.lowerBound + 1
        let end = rows.upperBound == size.height ? size.height : rows.upperBound - 1
        return first..<max(first, end)
    }
}
