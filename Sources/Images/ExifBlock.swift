/// The TIFF structure of an EXIF block (TIFF 6.0 §2, EXIF 2.32 §4.6), as far as turning a picture concerns it.
///
/// Every offset is checked; what does not fit is treated as absent. Nothing is followed twice, so garbage costs no
/// more than its length.
struct ExifBlock {
    private(set) var bytes: [UInt8]
    private let isLittleEndian: Bool
    /// Entries of the main directory, and of the Exif one.
    private let main: Directory
    private let exif: Directory?

    struct Directory {
        /// Offset of the first entry; each has 12 bytes.
        var start: Int
        var count: Int
        /// Behind the last entry: where the offset of the next directory stands.
        var end: Int { start + 12 * count }
    }

    private enum Tag {
        static let imageWidth = 0x0100, imageLength = 0x0101, orientation = 0x0112
        static let xResolution = 0x011A, yResolution = 0x011B, exif = 0x8769
        static let pixelX = 0xA002, pixelY = 0xA003, focalPlaneX = 0xA20E, focalPlaneY = 0xA20F
        static let thumbnail = 0x0201, thumbnailLength = 0x0202
    }

    private enum Kind {
        static let short = 3, long = 4, rational = 5
    }

    /// Nil when there is no TIFF header with a main directory that lies inside.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count >= 8, bytes[0] == bytes[1], bytes[0] == 0x49 || bytes[0] == 0x4D else { return nil }
        isLittleEndian = bytes[0] == 0x49
        guard Self.number(bytes, 2, 2, isLittleEndian) == 42,
            let main = Self.directory(bytes, Self.number(bytes, 4, 4, isLittleEndian), isLittleEndian)
        else { return nil }
        self.main = main
        var exif: Directory?
        for index in 0..<main.count {
            let at = main.start + 12 * index
            if Self.number(bytes, at, 2, isLittleEndian) == Tag.exif {
                exif = Self.directory(bytes, Self.number(bytes, at + 8, 4, isLittleEndian), isLittleEndian)
            }
        }
        self.exif = exif
    }

    /// Tag 0x0112; upright when absent or out of range.
    var orientation: Orientation {
        value(Tag.orientation, main).flatMap(Orientation.init(rawValue:)) ?? .upright
    }

    /// Makes the block true for a picture of `width` by `height` that was turned upright: orientation 1, sides as they
    /// are now, what belongs to columns and rows exchanged, and no thumbnail, which still lies on its side.
    mutating func turnUpright(width: Int, height: Int) {
        let swaps = orientation.swapsSides
        set(Tag.orientation, main, 1)
        set(Tag.imageWidth, main, width)
        set(Tag.imageLength, main, height)
        if let exif {
            set(Tag.pixelX, exif, width)
            set(Tag.pixelY, exif, height)
            if swaps { exchange(Tag.focalPlaneX, Tag.focalPlaneY, exif) }
        }
        if swaps { exchange(Tag.xResolution, Tag.yResolution, main) }
        removeThumbnail()
    }

    // MARK: Finding

    /// `Exif\0\0` (EXIF 2.32, 4.7.2): what stands before the block in a JPEG segment.
    static let prefix: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    /// What is left of `range` without such names. A PNG chunk should have none and a segment one; some writers have put
    /// in one more.
    static func withoutPrefix(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
        var rest = range
        while bytes.extracting(rest).starts(with: prefix) { rest = rest.dropFirst(prefix.count) }
        return rest
    }

    /// Whether a TIFF header stands there: the byte order twice, and 42 in it.
    static func hasHeader(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        let block = bytes.extracting(range)
        return block.starts(with: [0x49, 0x49, 42, 0]) || block.starts(with: [0x4D, 0x4D, 0, 42])
    }

    // MARK: Reading

    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int, _ isLittleEndian: Bool) -> Int {
        guard offset >= 0, offset <= bytes.count - size else { return 0 }
        var value = 0
        for index in 0..<size {
            value = value << 8 | Int(bytes[isLittleEndian ? offset + size - 1 - index : offset + index])
        }
        return value
    }

    private static func directory(_ bytes: [UInt8], _ offset: Int, _ isLittleEndian: Bool) -> Directory? {
        guard offset >= 8, offset <= bytes.count - 2 else { return nil }
        let directory = Directory(start: offset + 2, count: number(bytes, offset, 2, isLittleEndian))
        return directory.end <= bytes.count ? directory : nil
    }

    private func number(_ offset: Int, _ size: Int) -> Int { Self.number(bytes, offset, size, isLittleEndian) }

    /// Offsets of the entries with that tag.
    private func entries(_ tag: Int, _ directory: Directory) -> [Int] {
        (0..<directory.count).map { directory.start + 12 * $0 }.filter { number($0, 2) == tag }
    }

    /// A single SHORT or LONG.
    private func value(_ tag: Int, _ directory: Directory) -> Int? {
        guard let at = entries(tag, directory).first, number(at + 4, 4) == 1 else { return nil }
        switch number(at + 2, 2) {
        case Kind.short: return number(at + 8, 2)
        case Kind.long: return number(at + 8, 4)
        default: return nil
        }
    }

    // MARK: Writing

    private mutating func write(_ value: Int, _ offset: Int, _ size: Int) {
        guard offset >= 0, offset <= bytes.count - size else { return }
        for index in 0..<size {
            bytes[isLittleEndian ? offset + index : offset + size - 1 - index] = UInt8(value >> (8 * index) & 0xFF)
        }
    }

    private mutating func set(_ tag: Int, _ directory: Directory, _ value: Int) {
        for at in entries(tag, directory) where number(at + 4, 4) == 1 {
            switch number(at + 2, 2) {
            case Kind.short where value <= 0xFFFF: write(value, at + 8, 2)
            case Kind.long: write(value, at + 8, 4)
            default: break
            }
        }
    }

    /// The values of two tags of equal type change places.
    private mutating func exchange(_ first: Int, _ second: Int, _ directory: Directory) {
        guard let one = entries(first, directory).first, let other = entries(second, directory).first,
            number(one + 2, 2) == number(other + 2, 2), number(one + 4, 4) == number(other + 4, 4)
        else { return }
        for index in 8..<12 { bytes.swapAt(one + index, other + index) }
    }

    /// Ends the chain of directories behind the first. The thumbnail's bytes are cut off too when they are the last,
    /// as they are in most files.
    private mutating func removeThumbnail() {
        let next = number(main.end, 4)
        if next != 0, let directory = Self.directory(bytes, next, isLittleEndian),
            let start = value(Tag.thumbnail, directory), let length = value(Tag.thumbnailLength, directory),
            start >= endOfKnown, start >= directory.end, start <= bytes.count, bytes.count - start - length <= 64
        {
            bytes.removeSubrange(start...)
        }
        write(0, main.end, 4)
    }

    /// Behind the directories and everything their entries point to.
    private var endOfKnown: Int {
        // Bytes of a value by type, TIFF 6.0 page 15.
        let sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
        var end = 0
        for directory in [main, exif].compactMap({ $0 }) {
            end = max(end, directory.end + 4)
            for index in 0..<directory.count {
                let at = directory.start + 12 * index
                let kind = number(at + 2, 2)
                let size = (kind < sizes.count ? sizes[kind] : 8) * number(at + 4, 4)
                if size > 4 { end = max(end, number(at + 8, 4) + size) }
            }
        }
        return end
    }
}
