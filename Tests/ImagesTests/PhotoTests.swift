import Images
import Testing

/// Files as phones and programs write them: not quite as the formats say, and shown by everybody.
@Suite struct PhotoTests {
    // MARK: Warnings that are none of the pixels'

    /// Spectral bounds of a sequential scan mean nothing (T.81, B.2.3); Samsung's phones leave them 0.
    @Test(arguments: ["420.jpg", "gray.jpg", "restart.jpg", "411.jpg", "cmyk.jpg", "arithmetic.jpg"])
    func oddSpectralBounds_AreIgnored(_ name: String) throws {
        let file = try Card.file(name)
        let plain = try Image.decode(file)
        let scan = FileParts.scan(file)
        let end = scan + 2 + Int(file[scan + 3])
        for bounds: [UInt8] in [[0, 0, 0], [0, 0, 0x10], [5, 9, 0x13], [0, 63, 1], [63, 0, 0xFF]] {
            let odd = Array(file[..<(end - 3)]) + bounds + file[end...]
            #expect(try Image.decode(odd).raster.equals(plain.raster), "\(name) \(bounds)")
            #expect(throws: ImageError.self) { try Image.decode(Array(odd.prefix((end + odd.count) / 2))) }
        }
    }

    @Test func futureHeaders_AreIgnored() throws {
        let file = try Card.file("420.jpg")
        let plain = try Image.decode(file)
        var jfif = file
        jfif[11] = 9  // JFIF 9
        #expect(try Image.decode(jfif).raster.equals(plain.raster))
        for length: UInt8 in [0, 1] {
            let empty = FileParts.jpeg(file, with: [[0xFF, 0xE7, 0, length], [0xFF, 0xFE, 0, length]])
            #expect(try Image.decode(empty).raster.equals(plain.raster))
        }
        let adobe = FileParts.segment(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 7])
        #expect(try Image.decode(FileParts.jpeg(file, with: [adobe])).raster.equals(plain.raster))
    }

    /// The first scan of a progressive file once more: it overwrites itself.
    @Test func repeatedFirstScan_IsHarmless() throws {
        let file = try Card.file("progressive.jpg")
        let plain = try Image.decode(file)
        let scan = FileParts.scan(file)
        let next = try #require(
            (scan + 12..<file.count - 1).first { file[$0] == 0xFF && ![0, 0xFF].contains(file[$0 + 1]) })
        let again = Array(file[..<next]) + file[scan...]
        #expect(try Image.decode(again).raster.equals(plain.raster))
        // Without it the picture lacks its means.
        #expect(throws: ImageError.self) { try Image.decode(Array(file[..<scan]) + file[next...]) }
    }

    // MARK: Ends

    private static let trailers: [[UInt8]] = [
        [], [0xFF], [0xFF, 0xFF], [0], Array("SEFHj\0\0\0\u{1}\0\0\0SEFT".utf8),
        [0xFF, 0xE1, 0x12, 0x34] + Array("SEFHj\0\0\0".utf8), [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46],
        [0xFF, 0xC4, 0, 3, 0], [0xFF, 0xDA, 0, 8, 1, 77, 0, 0, 63, 0, 1, 2, 3],
        (0..<3000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 5) },
    ]

    @Test(arguments: ["420.jpg", "gray.jpg", "restart.jpg", "progressive.jpg", "cmyk.jpg", "orientation-6.jpg"])
    func fileWithoutEndMarker_IsWhole(_ name: String) throws {
        let file = try Card.file(name)
        let plain = try Image.decode(file)
        for (index, trailer) in Self.trailers.enumerated() {
            let image = try Image.decode(Array(file.dropLast(2)) + trailer)
            #expect(image.raster.equals(plain.raster), "\(name), trailer \(index)")
            #expect(image.metadata == plain.metadata)
            #expect(try Image.decode(file + trailer).raster.equals(plain.raster), "\(name), trailer \(index) behind EOI")
        }
    }

    /// Also with a trailer behind, and down to the last byte.
    @Test(arguments: [
        "420.jpg", "gray.jpg", "restart.jpg", "progressive.jpg", "cmyk.jpg", "arithmetic.jpg", "411.jpg", "rgb.jpg",
    ])
    func everyCutInsideAScan_IsAnError(_ name: String) throws {
        let file = try Card.file(name)
        for length in (FileParts.scan(file) + 2)..<(file.count - 2) {
            let cut = Array(file.prefix(length))
            #expect(throws: ImageError.self, "\(name) cut to \(length)") { try Image.decode(cut) }
            for trailer in Self.trailers[5...6] {
                #expect(throws: ImageError.self, "\(name) cut to \(length)") { try Image.decode(cut + trailer) }
            }
            // A progressive file may end early on purpose, its end marker says so; arithmetic coding takes zeros for granted.
            guard name != "progressive.jpg", name != "arithmetic.jpg" else { continue }
            #expect(throws: ImageError.self, "\(name) cut to \(length)") { try Image.decode(cut + [0xFF, 0xD9]) }
        }
    }

    /// The arithmetic decoder cannot tell the end of its data from zeros.
    @Test func arithmeticFileWithoutEndMarker_IsAnError() throws {
        let file = try Card.file("arithmetic.jpg")
        #expect(throws: ImageError.truncated) { try Image.decode(Array(file.dropLast(2))) }
    }

    @Test(arguments: ["rgb-8.png", "interlaced-rgba-16.png", "palette-4-trns.png", "gray-1.png"])
    func pngWithoutEndChunk_IsWhole(_ name: String) throws {
        let file = try Card.file(name)
        let plain = try Image.decode(file)
        for length in 33..<file.count {
            let cut = Array(file.prefix(length))
            if length < file.count - 12 {
                #expect(throws: ImageError.self, "\(name) cut to \(length)") { try Image.decode(cut) }
            } else {
                #expect(try Image.decode(cut).raster.equals(plain.raster), "\(name) cut to \(length)")
            }
        }
    }

    // MARK: Profiles

    @Test func paddedProfileOfJPEG_IsKept() throws {
        let file = try Card.file("rgb.jpg")
        let profile = FileParts.profile(size: 588)
        func read(_ parts: [(number: UInt8, count: UInt8, bytes: [UInt8])]) throws -> [UInt8]? {
            let segments = parts.map {
                FileParts.segment(0xE2, Array("ICC_PROFILE\0".utf8) + [$0.number, $0.count] + $0.bytes)
            }
            return try Image.decode(FileParts.jpeg(file, with: segments)).metadata.icc
        }
        let (head, tail) = (Array(profile[..<300]), Array(profile[300...]))
        #expect(try read([(1, 1, profile)]) == profile)
        for pad in [1, 2, 3, 700] { #expect(try read([(1, 1, profile + [UInt8](repeating: 0, count: pad))]) == profile) }
        #expect(try read([(1, 2, head), (2, 2, tail + [0])]) == profile)
        #expect(try read([(2, 2, tail), (1, 2, head)]) == profile)
        // Counts and numbers that are wrong.
        #expect(try read([(1, 3, head), (2, 3, tail)]) == profile)
        #expect(try read([(0, 2, head), (1, 2, tail)]) == profile)
        #expect(try read([(1, 1, head), (1, 1, tail)]) == profile)
        #expect(try read([(1, 1, profile), (1, 1, profile)]) == profile)
        #expect(try read([(1, 2, head), (2, 2, tail), (1, 2, head), (2, 2, tail)]) == profile)
        // Not all there.
        #expect(try read([(1, 1, Array(profile.dropLast()))]) == nil)
        #expect(try read([(2, 2, tail)]) == nil)
        #expect(try read([(1, 1, FileParts.profile(size: 300, space: "CMYK"))]) == nil)
    }

    @Test func damagedStreamOfWholeProfile_IsRead() throws {
        let file = try Card.file("rgb-8.png")
        let profile = FileParts.profile(size: 70_000)
        let stream = FileParts.stored(profile)
        func read(_ stream: [UInt8], name: String = "x") throws -> [UInt8]? {
            let chunk = FileParts.chunk("iCCP", Array(name.utf8) + [0, 0] + stream)
            return try Image.decode(FileParts.png(file, with: [chunk])).metadata.icc
        }
        #expect(try read(stream) == profile)
        #expect(try read(stream, name: "") == profile)
        #expect(try read(stream, name: String(repeating: "long ", count: 30)) == profile)
        for missing in 1...4 { #expect(try read(stream.dropLast(missing)) == profile, "\(missing) bytes of Adler-32") }
        #expect(try read(stream.dropLast(4) + [1, 2, 3, 4]) == profile, "a wrong Adler-32")
        #expect(try read(stream + [0, 0, 0]) == profile, "padded")
        #expect(try read(FileParts.stored(profile + [0, 0])) == profile, "padded inside")
        #expect(try read(stream.dropLast(5)) == nil, "the last byte is missing")
        #expect(try read(Array(stream.prefix(3))) == nil)
        var chunk = FileParts.chunk("iCCP", [0x78, 0, 0] + stream)
        chunk[chunk.count - 1] ^= 1
        #expect(try Image.decode(FileParts.png(file, with: [chunk])).metadata.icc == profile, "a wrong CRC")
        // A size that no file of this length can hold costs nothing.
        var huge = profile
        huge.replaceSubrange(0..<4, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(try read(FileParts.stored(huge)) == nil)
        // Nor does one that its compressed bytes cannot hold: found by fuzzing, as memory that no header had announced.
        huge.replaceSubrange(0..<4, with: [0, 0x34, 0, 0])
        #expect(try read(FileParts.stored(Array(huge.prefix(300)))) == nil)
    }

    // MARK: CMYK

    @Test func cmykWithoutAdobesMarker_IsNoNegative() throws {
        let file = try Card.file("cmyk.jpg")
        let marker = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xEE })
        let plain = Array(file[..<marker]) + file[(marker + 2 + Int(file[marker + 3]))...]
        #expect(try Image.decode(plain).raster.equals(Image.decode(file).raster))
    }

    // MARK: EXIF

    @Test(arguments: [38, 65_527, 65_528, 80_000, 140_000], [true, false])
    func exifOfAnySize_IsSplitAndJoined(_ size: Int, _ littleEndian: Bool) throws {
        let block = FileParts.exif(orientation: 6, littleEndian: littleEndian, textCount: size - 38)
        let png = FileParts.png(try Card.file("rgb-8.png"), with: [FileParts.chunk("eXIf", block)])
        let image = try Image.decode(png)
        #expect(image.header.orientation == .rotate90)
        let exif = try #require(image.metadata.exif)
        #expect(exif.count == size && exif.dropFirst(38) == block.dropFirst(38))
        let jpeg = try image.encode(EncodeOptions(format: .jpeg))
        #expect(FileParts.payloads(jpeg, 0xE1, "Exif\0\0").count == (exif.count + 65_526) / 65_527)
        let again = try Image.decode(jpeg)
        #expect(again.metadata.exif == exif && again.header.orientation == .upright)
        #expect(try Image.decode(again.encode(EncodeOptions(format: .png))).metadata.exif == exif)
    }

    @Test func exifInParts_IsJoined() throws {
        let file = try Card.file("rgb.jpg")
        let block = FileParts.exif(orientation: 8, littleEndian: true, textCount: 90_000)
        func segment(_ part: ArraySlice<UInt8>) -> [UInt8] { FileParts.segment(0xE1, Array("Exif\0\0".utf8) + part) }
        let comment = FileParts.segment(0xFE, Array("between".utf8))
        // The orientation's own entry may lie in the second part.
        for cut in [20, 25, 30, 1000, 60_000] {
            let second = block[cut..<min(block.count, cut + 60_000)]
            let parts = [segment(block[..<cut]), comment, segment(second), segment(block[second.endIndex...])]
            let image = try Image.decode(FileParts.jpeg(file, with: parts))
            #expect(image.header.orientation == .rotate270, "cut at \(cut)")
            #expect(image.metadata.exif?.count == block.count)
            #expect(image.metadata.exif?.dropFirst(38) == block.dropFirst(38))
        }
        // A second block of its own is another's.
        let two = FileParts.jpeg(file, with: [segment(block[..<500]), segment(block[..<600])])
        #expect(try Image.decode(two).metadata.exif?.count == 500)
    }

    @Test func exifBehindItsName_IsUnderstood() throws {
        let block = FileParts.exif(orientation: 6, littleEndian: false, textCount: 10)
        let name = Array("Exif\0\0".utf8)
        let png = try Card.file("rgb-8.png")
        for prefix in [[], name, name + name] {
            let image = try Image.decode(FileParts.png(png, with: [FileParts.chunk("eXIf", prefix + block)]))
            #expect(image.header.orientation == .rotate90)
            #expect(image.metadata.exif?.prefix(4) == [0x4D, 0x4D, 0, 42])
            let file = FileParts.jpeg(try Card.file("rgb.jpg"), with: [FileParts.segment(0xE1, name + prefix + block)])
            #expect(try Image.decode(file).metadata.exif == image.metadata.exif)
            for format in ImageFormat.allCases {
                let again = try Image.decode(image.encode(EncodeOptions(format: format)))
                #expect(again.metadata.exif == image.metadata.exif && again.header.orientation == .upright)
            }
        }
        // What is no EXIF is not passed on; a sound block behind it counts.
        let other = FileParts.chunk("eXIf", name + [1, 2, 3])
        #expect(try Image.decode(FileParts.png(png, with: [other])).metadata.exif == nil)
        let both = try Image.decode(FileParts.png(png, with: [other, FileParts.chunk("eXIf", block)]))
        #expect(both.header.orientation == .rotate90 && both.metadata.exif != nil)
    }
}
