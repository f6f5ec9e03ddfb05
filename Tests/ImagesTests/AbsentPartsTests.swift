import Images
import Testing

/// What a file says about a video, a gain map or other pictures behind it does not outlive them.
@Suite struct AbsentPartsTests {
    private func through(_ packet: String, png: Bool = false) throws -> String? {
        let bytes = Array(packet.utf8)
        let file =
            png
            ? FileParts.png(
                try Card.file("rgb-8.png"),
                with: [FileParts.chunk("iTXt", Array("XML:com.adobe.xmp\0\0\0\0\0".utf8) + bytes)])
            : FileParts.jpeg(
                try Card.file("rgb.jpg"),
                with: [FileParts.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8) + bytes)])
        return try Image.decode(file).metadata.xmp.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let head = """
        <?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
         xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><!-- a > b -->
        """
    private static let tail = "</rdf:RDF></x:xmpmeta>\n   <?xpacket end=\"w\"?>"
    private static let camera = "xmlns:GCamera=\"http://ns.google.com/photos/1.0/camera/\""

    /// Each with what is left of it, attribute by attribute and element by element.
    static let cases: [(String, String)] = [
        (
            "<rdf:Description rdf:about=\"\" \(camera) GCamera:MotionPhoto=\"1\" GCamera:BurstID='b' "
                + "GCamera:MicroVideoOffset = \"3024\"\n  dc:title=\"a > &lt;\" xmlns:dc=\"d\"/>",
            "<rdf:Description rdf:about=\"\" \(camera) GCamera:BurstID='b'\n  dc:title=\"a > &lt;\" xmlns:dc=\"d\"/>"
        ),
        (
            "<rdf:Description \(camera)><GCamera:MotionPhoto>1</GCamera:MotionPhoto><GCamera:CaptureMode>2"
                + "</GCamera:CaptureMode><GCamera:MicroVideo/></rdf:Description>",
            "<rdf:Description \(camera)><GCamera:CaptureMode>2</GCamera:CaptureMode></rdf:Description>"
        ),
        (
            "<rdf:Description xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" hdrgm:Version=\"1.0\"><hdrgm:GainMapMax>"
                + "<rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax><dc:x/></rdf:Description>",
            "<rdf:Description><dc:x/></rdf:Description>"
        ),
        (
            "<a:D xmlns:a=\"u\" xmlns:q='http://ns.google.com/photos/1.0/container/' "
                + "xmlns:r=\"http://ns.google.com/photos/1.0/container/item/\"><q:Directory><rdf:Seq><rdf:li><q:Item "
                + "r:Mime=\"image/jpeg\"/><q:Directory></q:Directory></rdf:li></rdf:Seq></q:Directory> text</a:D>",
            "<a:D xmlns:a=\"u\"> text</a:D>"
        ),
        // Another namespace under the usual prefix, a prefix that nothing declares, a prefix that is declared inside.
        (
            "<rdf:Description xmlns:GCamera=\"urn:other\" GCamera:MotionPhoto=\"1\"/>",
            "<rdf:Description xmlns:GCamera=\"urn:other\" GCamera:MotionPhoto=\"1\"/>"
        ),
        ("<rdf:Description hdrgm:Version=\"1.0\" Other:MotionPhoto=\"1\"/>", "<rdf:Description Other:MotionPhoto=\"1\"/>"),
        (
            "<b><c xmlns:p=\"http://ns.apple.com/HDRGainMap/1.0/\" p:HDRGainMapVersion=\"1\"/><c p:x=\"2\"/></b>",
            "<b><c/><c p:x=\"2\"/></b>"
        ),
        (
            "<c xmlns:MiCamera=\"http://ns.xiaomi.com/photos/1.0/camera/\" MiCamera:XMPMeta=\"&lt;subimage&gt;\"/>",
            "<c xmlns:MiCamera=\"http://ns.xiaomi.com/photos/1.0/camera/\"/>"
        ),
        // A default namespace, and names that only look alike.
        (
            "<d><Directory xmlns=\"http://ns.google.com/photos/1.0/container/\"><Item/></Directory></d>", "<d></d>"
        ),
        ("<e f=\"hdrgm:Version MotionPhoto\">hdrgm:Version</e>", "<e f=\"hdrgm:Version MotionPhoto\">hdrgm:Version</e>"),
    ]

    @Test(arguments: cases.indices, [true, false]) func onlyAbsentParts_AreTakenOut(_ index: Int, _ png: Bool) throws {
        let (before, after) = Self.cases[index]
        #expect(try through(Self.head + before + Self.tail, png: png) == Self.head + after + Self.tail)
    }

    @Test func otherPackets_StayAsTheyAre() throws {
        // Unsound ones too: they are none of our business.
        for packet in ["", "<a", "no XML", "<a><b></a>", Self.head + "<![CDATA[ <x> ]]>" + Self.tail] {
            #expect(try through(packet) == packet)
        }
    }

    @Test func unsoundPacketWithAbsentParts_IsLeftOut() throws {
        let inner = "<rdf:Description \(Self.camera) GCamera:MotionPhoto=\"1\"/>"
        for packet in [
            inner + "<", inner + "</a>", "<a>" + inner, "<!DOCTYPE a>" + inner, "<a \(inner)", "<a b>" + inner + "</a>",
            "<a b=c>" + inner + "</a>", "<!-- " + inner, "<![CDATA[" + inner, "<?x " + inner, "<>" + inner,
            "<a b='>" + inner + "</a>",
        ] {
            #expect(try through(packet) == nil, "\(packet)")
        }
        #expect(try through(String(repeating: "<a>", count: 9000) + inner) == nil)
    }

    /// Many declarations, attributes and depths: time in proportion to the packet.
    @Test func hostilePackets_AreCheap() throws {
        let start = CPUTime.seconds
        for piece in [
            "<a xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\">", "<a xmlns:hdrgm=\"u\"/>", "<hdrgm:a/>", "<a b='c'/>",
            "<", "<a>", "<!-- -->", "hdrgm:",
        ] {
            _ = try through(String(repeating: piece, count: 4_000_000 / piece.utf8.count) + "<hdrgm:a/>", png: true)
        }
        let attributes = String(repeating: " hdrgm:a=\"\"", count: 350_000)
        #expect(try through("<a\(attributes)/>", png: true) == "<a/>")
        #expect(CPUTime.seconds - start < 5)
    }

    // MARK: Extended packets

    private static func packet(_ title: String, _ size: Int, _ attributes: String = "") -> String {
        let text = String((0..<size).map { Character(UnicodeScalar(97 + UInt8($0 % 23))) })
        return head + "<rdf:Description xmlns:dc=\"d\"\(attributes) dc:title=\"\(title)\"><dc:text>\(text)</dc:text>"
            + "</rdf:Description>" + tail
    }

    /// Longer than a segment: the same properties in JPEG and back in PNG.
    @Test(arguments: [65_000, 66_000, 200_000]) func longPacket_IsSplitAndJoined(_ size: Int) throws {
        let packet = Self.packet("long", size)
        var image = try Image.decode(Card.file("rgb-8.png"))
        image.metadata.xmp = Array(packet.utf8)
        let jpeg = try image.encode(EncodeOptions(format: .jpeg))
        let parts = FileParts.payloads(jpeg, 0xE1, "http://ns.adobe.com/xmp/extension/\0")
        #expect(parts.isEmpty == (packet.utf8.count <= 65_504))
        let again = try Image.decode(jpeg)
        #expect(again.metadata.extendedXMP == parts)
        #expect(try Image.decode(again.encode()).metadata.extendedXMP == parts)
        let png = try Image.decode(again.encode(EncodeOptions(format: .png)))
        let joined = String(decoding: try #require(png.metadata.xmp), as: UTF8.self)
        #expect(!joined.contains("HasExtendedXMP") && joined.contains("dc:title=\"long\""))
        #expect(joined.utf8.count >= packet.utf8.count - 200, "\(joined.utf8.count) of \(packet.utf8.count)")
    }

    /// As others write them: some properties in the main packet, some in the extended one.
    private func file(main: String, extended: String, digest: String, cut: Int = 0) throws -> [UInt8] {
        let content = Array(extended.utf8)
        let parts = stride(from: 0, to: content.count - cut, by: 50_000).map { start -> [UInt8] in
            let numbers = FileParts.big(content.count, bytes: 4) + FileParts.big(start, bytes: 4)
            return Array("http://ns.adobe.com/xmp/extension/\0\(digest)".utf8) + numbers
                + content[start..<min(start + 50_000, content.count - cut)]
        }
        let packet = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(main.utf8)
        return FileParts.jpeg(
            try Card.file("rgb.jpg"), with: [FileParts.segment(0xE1, packet)] + parts.map { FileParts.segment(0xE1, $0) })
    }

    private static let digest = "0123456789ABCDEF0123456789ABCDEF"
    private static let note = " xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" xmpNote:HasExtendedXMP=\"\(digest)\""
    private static let rdf =
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF"
        + " xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    private static let depth =
        "<rdf:Description xmlns:GDepth=\"g\" GDepth:Data=\"" + String(repeating: "QUJD", count: 30_000)
        + "\"/>"

    @Test func extendedPacket_GoesIntoPNG() throws {
        let main = Self.packet("main", 100, Self.note)
        let jpeg = try file(main: main, extended: Self.rdf + Self.depth + "</rdf:RDF></x:xmpmeta>", digest: Self.digest)
        let image = try Image.decode(jpeg)
        #expect(image.metadata.extendedXMP.count == 3)
        let again = try Image.decode(image.encode()).metadata
        #expect(again.xmp == image.metadata.xmp && again.extendedXMP == image.metadata.extendedXMP)
        let png = try Image.decode(image.encode(EncodeOptions(format: .png)))
        let expected = Self.packet("main", 100, " xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\"")
            .replacing("</rdf:RDF>", with: Self.depth + "</rdf:RDF>")
        #expect(png.metadata.xmp.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    /// Parts that are missing, or that nothing names, are not promised; what cannot be joined is left out of a PNG.
    @Test func incompleteExtendedPacket_IsNotPromised() throws {
        let extended = Self.rdf + Self.depth + "</rdf:RDF></x:xmpmeta>"
        let main = Self.packet("main", 100, Self.note)
        let without = Self.packet("main", 100, " xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\"")
        for (cut, digest) in [(1, Self.digest), (60_000, Self.digest), (0, String(Self.digest.reversed()))] {
            let image = try Image.decode(file(main: main, extended: extended, digest: digest, cut: cut))
            #expect(image.metadata.extendedXMP.isEmpty)
            #expect(image.metadata.xmp.map { String(decoding: $0, as: UTF8.self) } == without)
        }
        let foreign = extended.replacing("xmlns:x=", with: "xmlns:y=\"u\" xmlns:x=")
        for other in [foreign, "<a/>", "no XML"] {
            let image = try Image.decode(file(main: main, extended: other, digest: Self.digest))
            #expect(!image.metadata.extendedXMP.isEmpty)
            let png = try Image.decode(image.encode(EncodeOptions(format: .png)))
            #expect(png.metadata.xmp.map { String(decoding: $0, as: UTF8.self) } == without)
        }
    }

    @Test func absentPartsOfExtendedPacket_AreTakenOut() throws {
        let absent = "<rdf:Description \(Self.camera) GCamera:MicroVideoOffset=\"7\"/>"
        let extended = Self.rdf + Self.depth + absent + "</rdf:RDF></x:xmpmeta>"
        let image = try Image.decode(
            file(main: Self.packet("main", 100, Self.note), extended: extended, digest: Self.digest))
        let written = try image.encode()
        #expect(!written.contains("MicroVideoOffset") && written.contains("GDepth:Data"))
        let again = try Image.decode(written).metadata
        #expect(again.xmp == image.metadata.xmp && again.extendedXMP == image.metadata.extendedXMP)
        #expect(!image.metadata.extendedXMP.isEmpty && !image.metadata.xmp!.contains(Self.digest))
    }
}
