/// What turning a picture upright means for its XMP packet.
enum XMPPacket {
    /// Sets `tiff:Orientation`, written as an attribute or as an element, to 1. The rest stays byte for byte.
    static func turnUpright(_ packet: [UInt8]) -> [UInt8] {
        var result = packet
        let name = Array("tiff:Orientation".utf8)
        guard packet.count > name.count else { return packet }
        var index = 0
        while index + name.count < packet.count {
            // The first letter decides nearly always: linear in the packet.
            if packet[index] == name[0], packet[index..<index + name.count].elementsEqual(name) {
                index += name.count
                if let digit = digit(packet, after: index) { result[digit] = UInt8(ascii: "1") }
            } else {
                index += 1
            }
        }
        return result
    }

    /// Behind `="`, `='` or `>`, with white space in between; a digit 1…8 that stands alone.
    private static func digit(_ packet: [UInt8], after start: Int) -> Int? {
        let skipped: Set<UInt8> = [
            0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "="), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: ">"),
        ]
        var index = start
        while index < packet.count, index < start + 16, skipped.contains(packet[index]) { index += 1 }
        guard index > start, index + 1 < packet.count, (UInt8(ascii: "1")...UInt8(ascii: "8")).contains(packet[index]),
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(packet[index + 1])
        else { return nil }
        return index
    }
}
