import Images
import Testing

@Suite struct MetadataTests {
    /// A directory entry's value, by reading the TIFF structure again from scratch.
    private func exifValue(_ exif: [UInt8], _ tag: Int, from directoryPointer: Int = 4) throws -> Int? {
        let little = exif[0] == 0x49
        func number(_ at: Int, _ size: Int) -> Int {
            let part = exif[at..<at + size]
            return (little ? part.reversed() : Array(part)).reduce(0) { $0 << 8 | Int($1) }
        }
        let start = number(directoryPointer, 4)
        for index in 0..<number(start, 2) {
            let at = start + 2 + 12 * index
            if number(at, 2) == tag { return number(at + 2, 2) == 3 ? number(at + 8, 2) : number(at + 8, 4) }
        }
        return nil
    }

    /// Pointer to the Exif directory: value of the sixth entry of make.py's main directory.
    private let exifPointer = 8 + 2 + 5 * 12 + 8

    @Test(arguments: 1...8, ["jpg", "png"])
    func exifAndXMP_AgreeWithThePixels(_ orientation: Int, _ kind: String) throws {
        let name = "orientation-\(orientation).\(kind)"
        let before = try Image.decode(Card.file(name))
        for format in ImageFormat.allCases {
            let image = try Image.decode(before.encode(EncodeOptions(format: format)))
            let exif = try #require(image.metadata.exif, "\(name) as \(format)")
            #expect(image.header.orientation == .upright)
            #expect(try exifValue(exif, 0x0112) == 1)
            #expect(try exifValue(exif, 0x0100) == 48)
            #expect(try exifValue(exif, 0x0101) == 32)
            #expect(try exifValue(exif, 0xA002, from: exifPointer) == 48)
            #expect(try exifValue(exif, 0xA003, from: exifPointer) == 32)
            // XResolution points to 300/1 in the upright file and to YResolution's value when sides have swapped.
            #expect(try exifValue(exif, 0x011A) == (orientation >= 5 ? 178 : 170))
            // The date and the position stay.
            #expect(exif.contains("2024:05:06 07:08:09"))
            #expect(try exifValue(exif, 0x8825) == 140)
            // The thumbnail of a turned picture is gone, link and bytes.
            let link = exif[8 + 2 + 7 * 12..<8 + 2 + 7 * 12 + 4]
            #expect(link.allSatisfy { $0 == 0 } == (orientation != 1))
            let start: [UInt8] = [0xFF, 0xD8, 0xFF]
            let hasThumbnail = exif.indices.dropLast(2).contains { exif[$0..<$0 + 3].elementsEqual(start) }
            #expect(hasThumbnail == (orientation == 1))
            if kind == "jpg" { #expect(try #require(image.metadata.xmp).contains("tiff:Orientation=\"1\"")) }
        }
    }

    @Test(arguments: ["jpg", "png"]) func density_TurnsWithThePicture(_ kind: String) throws {
        func density(_ orientation: Int, _ format: ImageFormat) throws -> Density? {
            let image = try Image.decode(Card.file("orientation-\(orientation).\(kind)"))
            return try Image.decode(image.encode(EncodeOptions(format: format))).metadata.density
        }
        #expect(try density(3, .jpeg) == Density(x: 300, y: 150, unit: .perInch))
        #expect(try density(6, .jpeg) == Density(x: 150, y: 300, unit: .perInch))
        #expect(try density(6, .png) == Density(x: 5906, y: 11811, unit: .perMetre))
    }

    @Test func subsampling_TurnsWithThePicture() throws {
        let wide = try Image.decode(Card.file("422.jpg"))
        #expect(try ImageHeader.read(wide.encode()).jpeg?.subsampling == .init(horizontal: 2, vertical: 1))
        // The same file with an EXIF block that says "rotate by 90 degrees".
        let tiff: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
        let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(8 + tiff.count)] + Array("Exif\0\0".utf8) + tiff
        let turned = try Image.decode([0xFF, 0xD8] + segment + Card.file("422.jpg").dropFirst(2))
        #expect((turned.raster.width, turned.raster.height) == (32, 48))
        #expect(try ImageHeader.read(turned.encode()).jpeg?.subsampling == .init(horizontal: 1, vertical: 2))
    }

    @Test func jpegMetadata_IsKept() throws {
        let image = try Image.decode(Card.file("metadata.jpg"))
        let icc = try #require(image.metadata.icc)
        #expect(icc.count == Int(icc[2]) << 8 | Int(icc[3]), "the parts are joined in their order")
        let again = try Image.decode(image.encode())
        #expect(again.metadata == image.metadata)
        #expect(again.metadata.comments == [Array("a comment".utf8)])
        #expect(again.metadata.photoshop.count == 1)
        #expect(!again.metadata.exif!.isEmpty)
        // An index of pictures that are not there any more is not kept.
        #expect(try !image.encode().contains("MPF"))

        let png = try Image.decode(image.encode(EncodeOptions(format: .png)))
        #expect(png.metadata.icc == icc)
        #expect(png.metadata.exif == image.metadata.exif)
    }

    @Test func pngMetadata_IsKept() throws {
        let image = try Image.decode(Card.file("metadata.png"))
        #expect(image.metadata.textChunks.count == 2)
        #expect(try #require(image.metadata.xmp).contains("tiff:Orientation"))
        let again = try Image.decode(image.encode())
        #expect(again.metadata.icc == image.metadata.icc)
        #expect(again.metadata.exif == image.metadata.exif)
        #expect(again.metadata.xmp == image.metadata.xmp)
        #expect(again.metadata.density == Density(x: 2835, y: 2835, unit: .perMetre))
        #expect(again.metadata.textChunks == image.metadata.textChunks)
        // A profile and sRGB do not go together.
        #expect(again.metadata.colourChunks.map(\.type) == [0x6741_4D41])
        #expect(
            try Image.decode(image.encode(EncodeOptions(format: .jpeg))).metadata.density
                == Density(x: 72, y: 72, unit: .perInch))
    }

    @Test(arguments: ["metadata.jpg", "metadata.png"]) func strip_LeavesOnlyWhatColoursNeed(_ name: String) throws {
        let image = try Image.decode(Card.file(name))
        for format in ImageFormat.allCases {
            let bytes = try image.encode(EncodeOptions(format: format, metadata: .strip))
            let stripped = try Image.decode(bytes)
            #expect(stripped.metadata.icc == image.metadata.icc)
            #expect(stripped.metadata.exif == nil)
            #expect(stripped.metadata.xmp == nil)
            #expect(stripped.metadata.comments.isEmpty)
            #expect(stripped.metadata.textChunks.isEmpty)
            #expect(stripped.metadata.photoshop.isEmpty)
            for word in ["nobody", "comment", "2024:05", "tiff:", "8BIM"] { #expect(!bytes.contains(word), "\(word)") }
        }
    }

    /// A profile larger than one segment.
    @Test func largeProfile_IsSplitAndJoined() throws {
        var image = try Image.decode(Card.file("metadata.jpg"))
        var profile = try #require(image.metadata.icc)
        profile += (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * $0) }
        for index in 0..<4 { profile[index] = UInt8(truncatingIfNeeded: profile.count >> (24 - 8 * index)) }
        image.metadata.icc = profile
        for format in ImageFormat.allCases {
            #expect(try Image.decode(image.encode(EncodeOptions(format: format))).metadata.icc == profile)
        }
    }
}

extension [UInt8] {
    func contains(_ text: String) -> Bool {
        let pattern = Array(text.utf8)
        guard count >= pattern.count else { return false }
        return (0...count - pattern.count).contains {
            self[$0] == pattern[0] && self[$0..<$0 + pattern.count].elementsEqual(pattern)
        }
    }
}
