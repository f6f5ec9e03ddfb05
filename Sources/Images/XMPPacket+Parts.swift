/// What an XMP packet says about parts of a file that are not carried: the video of a motion photo and the gain map behind
/// the picture, the directory of such parts. Photo apps read at the offsets that it gives.
extension XMPPacket {
    /// The packet without such properties, the rest byte for byte; nil when it speaks of such parts and is no sound XML.
    ///
    /// - Parameter isExtended: the extended part that it names is carried.
    static func withoutAbsentParts(_ packet: [UInt8], isExtended: Bool = false) -> [UInt8]? {
        let hints = isExtended ? hints : hints + ["HasExtendedXMP"]
        guard hints.contains(where: { packet.firstIndex(of: $0) != nil }) else { return packet }
        var kept: [UInt8] = []
        kept.reserveCapacity(packet.count)
        var copied = 0
        do throws(XMLTags.Malformed) {
            try forEachAbsent(packet, isExtended) { range in
                kept += packet[copied..<range.lowerBound]
                copied = range.upperBound
            }
        } catch {
            return nil
        }
        return kept + packet[copied...]
    }

    /// Namespaces, and the names in them, that describe parts behind the picture.
    enum Absent {
        /// All of the namespace: gain maps, containers, dynamic depth, Xiaomi's list of pictures.
        case all
        /// Of a phone's camera: the video only.
        case video
        /// That there is an extended part.
        case extended

        init?(namespace: ArraySlice<UInt8>) {
            let text = String(decoding: namespace, as: UTF8.self)
            if Self.whole.contains(where: text.hasPrefix) {
                self = .all
            } else if text.hasSuffix("/photos/1.0/camera/") {
                self = .video
            } else if text == "http://ns.adobe.com/xmp/note/" {
                self = .extended
            } else {
                return nil
            }
        }

        func covers(_ name: ArraySlice<UInt8>, isExtended: Bool) -> Bool {
            switch self {
            case .all: true
            case .video: Self.videoNames.contains { name.starts(with: $0.utf8) }
            case .extended: !isExtended && name.elementsEqual("HasExtendedXMP".utf8)
            }
        }

        private static let whole = [
            "http://ns.adobe.com/hdr-gain-map/", "http://ns.apple.com/HDRGainMap/",
            "http://ns.google.com/photos/1.0/container/", "http://ns.google.com/photos/dd/1.0/",
        ]
        // GCamera, and the same of Xiaomi (XMPMeta lists pictures behind this one), Oppo and Vivo.
        private static let videoNames = ["MotionPhoto", "MicroVideo", "OLivePhoto", "VideoLength", "XMPMeta"]
        /// What the prefixes stand for where a packet does not say.
        static let usualPrefixes: [String: Absent] = [
            "hdrgm": .all, "HDRGainMap": .all, "Container": .all, "GContainer": .all, "Item": .all, "GCamera": .video,
            "xmpNote": .extended,
        ]
    }

    /// A packet without any of these needs no reading.
    private static let hints: [StaticString] = [
        "hdr-gain-map", "HDRGainMap", "hdrgm:", "/photos/1.0/c", "/photos/dd/1.0/", "MotionPhoto", "MicroVideo",
    ]

    /// Calls `cut` for each element and attribute of such a name, and for what declares a namespace of nothing else, in
    /// their order.
    private static func forEachAbsent(
        _ packet: [UInt8], _ isExtended: Bool, _ cut: (Range<Int>) -> Void
    ) throws(XMLTags.Malformed) {
        var tags = XMLTags(packet)
        var names = Namespaces(isExtended: isExtended)
        while let tag = try tags.next() {
            if tag.kind == .end {
                try names.leave()
                continue
            }
            names.enter()
            var offset = tag.attributes.lowerBound
            while let attribute = try tags.attribute(of: tag, from: offset) {
                offset = attribute.whole.upperBound
                try names.declare(packet[attribute.name], packet[attribute.value])
            }
            if names.isAbsent(packet[tag.name], isElement: true) {
                cut(tag.whole.lowerBound..<(tag.kind == .empty ? tag.whole.upperBound : try tags.skipElement()))
                try names.leave()
                continue
            }
            offset = tag.attributes.lowerBound
            while let attribute = try tags.attribute(of: tag, from: offset) {
                offset = attribute.whole.upperBound
                let name = packet[attribute.name]
                let isDeclared = name.starts(with: "xmlns:".utf8) && Absent(namespace: packet[attribute.value]) == .all
                if isDeclared || names.isAbsent(name, isElement: false) { cut(attribute.whole) }
            }
            if tag.kind == .empty { try names.leave() }
        }
        if names.depth != 0 { throw XMLTags.Malformed() }
    }
}

/// Which prefixes stand for namespaces that matter here (Namespaces in XML 1.0, 3 and 6.1).
private struct Namespaces {
    let isExtended: Bool
    private(set) var depth = 0
    private var meanings = XMPPacket.Absent.usualPrefixes.reduce(into: [ArraySlice<UInt8>: [XMPPacket.Absent?]]()) {
        $0[ArraySlice($1.key.utf8)] = [$1.value]
    }
    private var declared: [(depth: Int, prefix: ArraySlice<UInt8>)] = []

    init(isExtended: Bool) { self.isExtended = isExtended }

    /// More declarations than any writer makes: the packet is taken for unsound, and its reading stays cheap.
    private static let maxDeclared = 256

    mutating func enter() { depth += 1 }

    mutating func leave() throws(XMLTags.Malformed) {
        while let last = declared.last, last.depth == depth {
            meanings[last.prefix]?.removeLast()
            declared.removeLast()
        }
        depth -= 1
        if depth < 0 { throw XMLTags.Malformed() }
    }

    /// Takes in an attribute of the element that was entered last, if it declares a namespace.
    mutating func declare(_ attribute: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(XMLTags.Malformed) {
        guard attribute.starts(with: "xmlns".utf8) else { return }
        let rest = attribute.dropFirst(5)
        guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return }
        let prefix = rest.dropFirst()
        let meaning = XMPPacket.Absent(namespace: value)
        // Others matter only where they hide one that does.
        guard meaning != nil || meanings[prefix] != nil else { return }
        guard declared.count < Self.maxDeclared else { throw XMLTags.Malformed() }
        meanings[prefix, default: []].append(meaning)
        declared.append((depth, prefix))
    }

    func isAbsent(_ name: ArraySlice<UInt8>, isElement: Bool) -> Bool {
        let colon = name.firstIndex(of: UInt8(ascii: ":"))
        let prefix = colon.map { name[..<$0] } ?? []
        // An attribute without a prefix is in no namespace.
        guard isElement || colon != nil, let meaning = meanings[prefix]?.last ?? nil else { return false }
        return meaning.covers(colon.map { name[($0 + 1)...] } ?? name, isExtended: isExtended)
    }
}
