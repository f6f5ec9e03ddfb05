import Images
import Testing

@Suite struct HeaderTests {
    @Test(arguments: [
        ("422.jpg", 2, 1), ("420.jpg", 2, 2), ("440.jpg", 1, 2), ("411.jpg", 4, 1), ("progressive.jpg", 1, 1),
        ("rgb.jpg", 1, 1), ("gray.jpg", 1, 1),
    ])
    func subsampling_IsRead(_ name: String, _ horizontal: Int, _ vertical: Int) throws {
        let header = try ImageHeader.read(Card.file(name))
        #expect(header.jpeg?.subsampling == .init(horizontal: horizontal, vertical: vertical))
    }

    @Test(arguments: [("422.jpg", 80), ("420.jpg", 60), ("440.jpg", 95), ("gray.jpg", 95)])
    func quality_IsEstimated(_ name: String, _ quality: Int) throws {
        #expect(try ImageHeader.read(Card.file(name)).jpeg?.quality == quality)
    }

    @Test func traits_AreRead() throws {
        #expect(try ImageHeader.read(Card.file("progressive.jpg")).jpeg?.isProgressive == true)
        #expect(try ImageHeader.read(Card.file("420.jpg")).jpeg?.isProgressive == false)
        #expect(try ImageHeader.read(Card.file("arithmetic.jpg")).jpeg?.isArithmetic == true)
        let palette = try ImageHeader.read(Card.file("palette-4-trns.png"))
        #expect((palette.bitDepth, palette.colour, palette.hasAlpha) == (4, .palette, true))
        let turned = try ImageHeader.read(Card.file("orientation-6.jpg"))
        #expect((turned.storedWidth, turned.storedHeight, turned.width, turned.height) == (32, 48, 48, 32))
    }

    /// Nothing behind the first scan header, and nothing behind the first IDAT, is needed.
    @Test(arguments: ["orientation-6.jpg", "progressive.jpg", "rgba-16.png"])
    func headerOfTruncatedFile_IsRead(_ name: String) throws {
        let file = try Card.file(name)
        let whole = try ImageHeader.read(file)
        let prefix = try #require((1...file.count).first { (try? ImageHeader.read(Array(file.prefix($0)))) != nil })
        #expect(prefix < file.count)
        #expect(try ImageHeader.read(Array(file.prefix(prefix))) == whole)
        #expect(throws: ImageError.truncated) { try ImageHeader.read(Array(file.prefix(prefix - 1))) }
    }

    @Test func otherFormats_AreRefused() {
        for bytes in [[], [0xFF], Array("GIF89a".utf8), Array("RIFF\0\0\0\0WEBPVP8 ".utf8), Array("<svg/>".utf8)] {
            #expect(throws: ImageError.unsupportedFormat) { try ImageHeader.read(bytes) }
            #expect(throws: ImageError.unsupportedFormat) { try Image.decode(bytes) }
        }
    }

    @Test func limits_AreCheckedBeforeDecoding() throws {
        let file = try Array(Card.file("rgb-8.png").prefix(60))  // far too short to decode
        #expect(throws: ImageError.tooManyPixels(limit: 1535, actual: 1536)) {
            try Image.decode(file, limits: ImageLimits(maxPixels: 1535))
        }
        #expect(throws: ImageError.tooSmall(limit: 33, actual: 32)) {
            try Image.decode(file, limits: ImageLimits(minSide: 33))
        }
        let fitting = ImageLimits(maxPixels: 1536, minSide: 32)
        #expect(throws: ImageError.truncated) { try Image.decode(file, limits: fitting) }
    }

    /// 12-bit, lossless, two components, no height: the frame header of a good file rewritten.
    @Test func unusualFrames_AreNamed() throws {
        let file = try Card.file("420.jpg")
        let frame = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
        func changed(_ offset: Int, _ values: UInt8...) -> [UInt8] {
            var copy = file
            copy.replaceSubrange(frame + offset..<frame + offset + values.count, with: values)
            return copy
        }
        for (bytes, name) in [
            (changed(4, 12), "12-bit JPEG"), (changed(1, 0xC3), "lossless JPEG"),
            (changed(1, 0xC6), "hierarchical JPEG"),
            (changed(9, 2), "JPEG with 2 components"),
            (changed(5, 0, 0), "JPEG with its height after the scan (DNL)"),
        ] {
            #expect(throws: ImageError.unsupportedFeature(name)) { try Image.decode(bytes) }
        }
        #expect(throws: ImageError.corrupt(reason: "no columns")) { try Image.decode(changed(7, 0, 0)) }
    }
}
