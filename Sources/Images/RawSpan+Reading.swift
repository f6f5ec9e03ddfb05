extension RawSpan {
    /// The byte at `offset`; nil outside.
    func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafeLoad(fromByteOffset: offset, as: UInt8.self)  // in bounds: checked above
    }

    /// Two bytes, most significant first.
    func big16(at offset: Int) -> Int? {
        guard offset >= 0, offset <= byteCount - 2 else { return nil }
        return Int(UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)))  // in bounds
    }

    /// Four bytes, most significant first.
    func big32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= byteCount - 4 else { return nil }
        return UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))  // in bounds
    }

    func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, offset <= byteCount - prefix.count else { return false }
        for (index, expected) in prefix.enumerated() where byte(at: offset + index) != expected { return false }
        return true
    }

    /// A copy of `range`, which has to lie inside.
    func copy(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes { Array($0) }
    }

    /// A copy of several ranges, which have to lie inside, one behind the other.
    func join(_ ranges: [Range<Int>]) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
        for range in ranges { extracting(range).withUnsafeBytes { joined.append(contentsOf: $0) } }
        return joined
    }
}
