import Digests

/// The part of a JPEG's XMP that lies in segments of its own, because a packet may be longer than a segment (XMP
/// specification, part 3, 1.1.3.1): the main packet names it by a digest.
struct ExtendedXMP {
    /// An XML document without the wrapper of a packet.
    var content: [UInt8]
    /// 32 hexadecimal digits.
    let digest: [UInt8]

    static let prefix = Array("http://ns.adobe.com/xmp/extension/\0".utf8)
    /// Name, digest, length of the whole, offset of the part.
    private static let headSize = prefix.count + 32 + 8

    /// Joins the segments that the main packet names; nil when it names none, or they are not all there.
    init?(_ segments: [[UInt8]], of main: [UInt8]) {
        guard let name = Self.name(in: main) else { return nil }
        digest = Array(main[name])
        var parts: [(offset: Int, bytes: ArraySlice<UInt8>)] = []
        var total = 0
        for segment in segments where segment.count > Self.headSize {
            guard segment[Self.prefix.count...].starts(with: digest) else { continue }
            let head = segment.span.bytes
            total = Int(head.big32(at: Self.headSize - 8) ?? 0)
            parts.append((Int(head.big32(at: Self.headSize - 4) ?? 0), segment[Self.headSize...]))
        }
        guard total > 0, parts.reduce(0, { $0 + $1.bytes.count }) == total else { return nil }
        content = []
        content.reserveCapacity(total)
        for part in parts.sorted(by: { $0.offset < $1.offset }) {
            guard part.offset == content.count else { return nil }
            content += part.bytes
        }
    }

    /// Where the main packet names the digest: the value of xmpNote:HasExtendedXMP.
    static func name(in main: [UInt8]) -> Range<Int>? {
        let word: StaticString = "HasExtendedXMP"
        guard var at = main.firstIndex(of: word).map({ $0 + word.utf8CodeUnitCount }) else { return nil }
        while at < main.count, " \t\r\n=\"'>".utf8.contains(main[at]) { at += 1 }
        return at + 32 <= main.count ? at..<at + 32 : nil
    }

    /// All of a packet, for segments of its own; nil when it is no sound XML, or libcrypto offers no MD5.
    init?(_ packet: [UInt8]) {
        var tags = XMLTags(packet)
        var whole: Range<Int>?
        do {
            while let tag = try tags.next() {
                whole = (whole?.lowerBound ?? tag.whole.lowerBound)..<tag.whole.upperBound
            }
        } catch {
            return nil
        }
        guard let whole, let digest = MD5.hex(Array(packet[whole])) else { return nil }
        content = Array(packet[whole])
        self.digest = Array(digest.utf8)
    }

    /// A main packet that says no more than where the rest is.
    var mainPacket: [UInt8] {
        Array(
            """
            <?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF \
            xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
            xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="\(String(decoding: digest, as: UTF8.self))"/>\
            </rdf:RDF></x:xmpmeta><?xpacket end="w"?>
            """.utf8)
    }

    /// The payloads of the segments.
    var segments: [[UInt8]] {
        let size = Metadata.maxSegment - Self.headSize
        return stride(from: 0, to: content.count, by: size).map { start in
            let numbers = [content.count, start].flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
            }
            return Self.prefix + digest + numbers + content[start..<min(start + size, content.count)]
        }
    }
}

extension XMPPacket {
    /// The main packet with the properties of the extended part, for formats that hold it in one piece. Nil when one of them
    /// is no sound XML, or the extended part relies on namespaces that the main packet does not have.
    static func joined(_ main: [UInt8], _ extended: ExtendedXMP) -> [UInt8]? {
        guard let target = try? properties(main), let source = try? properties(extended.content),
            source.namespaces.allSatisfy({ target.namespaces[$0.key] == $0.value })
        else { return nil }
        return Array(main[..<target.range.upperBound]) + extended.content[source.range] + main[target.range.upperBound...]
    }

    /// What is inside of rdf:RDF, and the namespaces that are declared around it.
    private static func properties(
        _ packet: [UInt8]
    ) throws(XMLTags.Malformed) -> (range: Range<Int>, namespaces: [ArraySlice<UInt8>: ArraySlice<UInt8>]) {
        var tags = XMLTags(packet)
        var namespaces: [ArraySlice<UInt8>: ArraySlice<UInt8>] = [:]
        while let tag = try tags.next(), tag.kind == .start {
            var offset = tag.attributes.lowerBound
            while let attribute = try tags.attribute(of: tag, from: offset) {
                offset = attribute.whole.upperBound
                if packet[attribute.name].starts(with: "xmlns".utf8) {
                    namespaces[packet[attribute.name]] = packet[attribute.value]
                    guard namespaces.count < 64 else { throw XMLTags.Malformed() }
                }
            }
            if packet[tag.name].elementsEqual("rdf:RDF".utf8) {
                let end = packet[..<(try tags.skipElement())].lastIndex(of: UInt8(ascii: "<"))
                return (tag.whole.upperBound..<(end ?? tag.whole.upperBound), namespaces)
            }
        }
        throw XMLTags.Malformed()
    }
}
