/// What the ends of open jobs need of the medium: how many jobs may need how much, by powers of two.
///
/// A medium that photos fill to the last byte takes no result any more: nothing ends then, so nothing expires, and all of
/// them wait for ever. So a photo is taken in only where the largest end of all still has room behind it, and none while an end waits
/// for room.
struct RoomForEnds {
    /// Jobs by the bit width of what their ends need.
    private var counts = [Int](repeating: 0, count: Int.bitWidth)

    /// At least what any one of them needs, less than twice as much; bytes.
    var largest: Int { counts.lastIndex { $0 > 0 }.map { (1 << $0) - 1 } ?? 0 }

    mutating func add(_ bytes: Int) { counts[Self.width(of: bytes)] += 1 }

    mutating func remove(_ bytes: Int) { counts[Self.width(of: bytes)] -= 1 }

    private static func width(of bytes: Int) -> Int { Int.bitWidth - max(0, bytes).leadingZeroBitCount }
}

extension JobRecord {
    /// What the end of the job takes of its medium at most, besides what is there already; bytes.
    var endBytes: Int {
        // Eight bytes for each pixel are the most that a PNG has.
        let result = resultBytes ?? width * height * 8
        return result + min(result, Self.previewBytes) + Self.fileBytes + 2 * tiles * Self.tileBytes
    }

    /// A gray JPEG of quality 85, 1024 pixels wide and high at most.
    private static let previewBytes = 1 << 20
    /// The rest of two records (the new one is written before the old one goes), and what five files leave unused of their last blocks.
    private static let fileBytes = 64 << 10
    private static let tileBytes = 160
}
