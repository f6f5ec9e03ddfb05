/// The quantisation tables of a file (ITU-T T.81, B.2.4.1), and the quality setting they are nearest to.
struct JPEGQuantisation {
    /// Table 0…3, 64 steps in zigzag order.
    private var tables: [Int: [Int]] = [:]

    /// Reads a DQT payload; what is not sound is left to the decoder to refuse.
    mutating func read(_ bytes: RawSpan, _ payload: Range<Int>) {
        var offset = payload.lowerBound
        while offset < payload.upperBound, let kind = bytes.byte(at: offset) {
            let isWide = kind >> 4 != 0
            let size = isWide ? 128 : 64
            guard offset + 1 + size <= payload.upperBound else { return }
            tables[Int(kind & 3)] = (0..<64).map { index in
                isWide
                    ? bytes.big16(at: offset + 1 + 2 * index) ?? 1
                    : Int(bytes.byte(at: offset + 1 + index) ?? 1)
            }
            offset += 1 + size
        }
    }

    /// 1…100: where T.81's example table, scaled as libjpeg scales it, has the nearest sum of steps. Nil without that
    /// table.
    func quality(ofLuma table: Int) -> Int? {
        guard let steps = tables[table] else { return nil }
        // Ties (files finer than quality 100 can be) go to the higher setting.
        return (1...100).reversed().min { distance($0, steps) < distance($1, steps) }
    }

    private func distance(_ quality: Int, _ steps: [Int]) -> Int {
        let scale = quality < 50 ? 5000 / quality : 200 - 2 * quality
        var sum = 0
        for (base, step) in zip(Self.luma, steps) {
            sum += abs(min(max((base * scale + 50) / 100, 1), 255) - step)
        }
        return sum
    }

    /// T.81, table K.1, in zigzag order.
    private static let luma = [
        16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
        26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
        56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
        95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
    ]
}
