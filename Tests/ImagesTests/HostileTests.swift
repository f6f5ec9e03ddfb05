import Images
import Testing

/// Files that somebody made to hurt.
@Suite struct HostileTests {
    /// Flipped sizes must not cost gigabytes here.
    private let limits = ImageLimits(maxPixels: 1_000_000)

    private static let jpegs = [
        "420.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "arithmetic.jpg", "restart.jpg", "orientation-6.jpg",
        "metadata.jpg", "411.jpg", "rgb.jpg",
    ]
    private static let pngs = [
        "rgb-8.png", "rgba-16.png", "palette-4-trns.png", "interlaced-rgba-16.png", "gray-1.png", "orientation-5.png",
        "metadata.png", "gray-trns.png", "interlaced-gray-1.png", "gray-alpha-16.png",
    ]

    /// 30 lengths of each file: 300 per format, the last byte of the pixels included. None is shown in part.
    @Test(arguments: jpegs + pngs) func truncatedFile_IsAnError(_ name: String) throws {
        let file = try Card.file(name)
        var random = SplitMix64(seed: 11)
        // Behind the pixels are the end marker and IEND.
        let end = file.count - (name.hasSuffix("jpg") ? 2 : 12)
        let lengths = (0..<28).map { _ in Int.random(in: 0..<end, using: &random) }
        for length in lengths + [end - 1, end - 2] {
            #expect(throws: ImageError.self, "\(name) cut to \(length) bytes") {
                try Image.decode(Array(file.prefix(length)), limits: limits)
            }
        }
    }

    /// 400 mutations of each file: 4000 per format. Each gives an error or a picture within the limits, also when
    /// it is written again.
    @Test(arguments: jpegs + pngs) func flippedBits_NeverCrash(_ name: String) throws {
        let file = try Card.file(name)
        var outcomes: [String: Int] = [:]
        for seed in 0..<400 {
            var random = SplitMix64(seed: UInt64(seed))
            var damaged = file
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<file.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            do throws(ImageError) {
                let image = try Image.decode(damaged, limits: limits)
                #expect(image.raster.width * image.raster.height <= limits.maxPixels, "\(name), seed \(seed)")
                for format in ImageFormat.allCases {
                    let again = try Image.decode(image.encode(EncodeOptions(format: format)), limits: limits)
                    #expect(again.raster.width == image.raster.width, "\(name), seed \(seed), \(format)")
                    #expect(again.header.orientation == .upright, "\(name), seed \(seed), \(format)")
                }
                outcomes["decoded", default: 0] += 1
            } catch {
                #expect(error.description.allSatisfy { $0.isASCII && !$0.isNewline }, "\(name), seed \(seed)")
                outcomes["refused", default: 0] += 1
            }
        }
        // Checksums catch nearly all damage to a PNG's pixels; a JPEG often shows it. Both have to occur.
        #expect(outcomes["refused", default: 0] > 20, "\(name): \(outcomes)")
    }

    @Test func hugeSize_IsRefusedFromTheHeader() throws {
        var png = try Card.file("rgb-16.png")
        png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        png.replaceSubrange(29..<33, with: FileParts.checksum(png[12..<29]))
        #expect(throws: ImageError.tooManyPixels(limit: 1_000_000, actual: 0x7FFF_FFFF * 0x7FFF_FFFF)) {
            try Image.decode(png, limits: limits)
        }
        // Without a limit the memory is not there, and the estimate does not overflow.
        #expect(try ImageHeader.read(png).decodeBytes > 0)
        #expect(throws: ImageError.outOfMemory) { try Image.decode(png, limits: ImageLimits(maxPixels: .max)) }
    }

    /// A second frame or IHDR with other sides than the one that was checked.
    @Test func twoSizes_AreRefused() throws {
        let jpeg = try Card.file("420.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        var second = Array(jpeg[frame..<frame + 19])
        second[5] = 0x7F
        let scan = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xDA })
        for at in [frame, frame + 19, scan] {
            let bytes = Array(jpeg[..<at] + second + jpeg[at...])
            #expect(throws: ImageError.corrupt(reason: "two frame headers")) { try Image.decode(bytes, limits: limits) }
        }
        let png = try Card.file("rgb-8.png")
        var header = Array(png[8..<33])
        header[8] = 0x7F
        header.replaceSubrange(21..<25, with: FileParts.checksum(header[4..<21]))
        #expect(throws: ImageError.self) { try Image.decode(Array(png[..<33]) + header + png[33...], limits: limits) }
    }

    @Test func manyScans_AreRefused() throws {
        let file = try Card.file("progressive.jpg")
        #expect(throws: ImageError.corrupt(reason: "too many scans")) {
            try Image.decode(file, limits: ImageLimits(maxScans: 3))
        }
        // The same scan of a sequential file over and over, of which libjpeg does not complain.
        let scans = try sequentialScans(count: 300)
        #expect(throws: ImageError.corrupt(reason: "too many scans")) { try Image.decode(scans) }
        #expect(try Image.decode(sequentialScans(count: 90)).raster.width == 48)
    }

    /// Between scans no data are cut, but a colour is missing.
    @Test func missingScan_IsAnError() throws {
        let file = try sequentialScans(count: 1)
        #expect(try Image.decode(Array(file.dropLast(2))).raster.equals(Image.decode(file).raster))
        let scans = (FileParts.scan(file)..<file.count).filter { file[$0..<file.count].starts(with: [0xFF, 0xDA]) }
        #expect(scans.count == 3)
        for scan in scans.dropFirst() {
            for end: [UInt8] in [[], [0xFF, 0xD9], [0xFF, 0xD8, 0xFF]] {
                #expect(throws: ImageError.truncated) { try Image.decode(Array(file[..<scan]) + end) }
            }
        }
    }

    /// A sequential colour file in scans of one component, the first of them `count` times.
    private func sequentialScans(count: Int) throws -> [UInt8] {
        let gray = try Card.file("gray.jpg")
        let frame = try #require(gray.indices.first { gray[$0] == 0xFF && gray[$0 + 1] == 0xC0 })
        let scan = try #require(gray.indices.first { gray[$0] == 0xFF && gray[$0 + 1] == 0xDA })
        // Three components that share the gray one's tables.
        let id = gray[frame + 10]
        let head: [UInt8] = [0xFF, 0xC0, 0, 17, 8, 0, 32, 0, 48, 3, id, 0x11, 0, id + 1, 0x11, 0, id + 2, 0x11, 0]
        func one(_ component: UInt8) -> [UInt8] {
            var body = Array(gray[scan..<gray.count - 2])
            body[5] = component
            return body
        }
        var bytes = Array(gray[..<frame]) + head + gray[(frame + 13)..<scan]
        for _ in 0..<count { bytes += one(id) }
        return bytes + one(id + 1) + one(id + 2) + [0xFF, 0xD9]
    }

    /// 256 MiB of zeros in a profile and as pixels of a one-pixel picture.
    @Test func packedZeros_DoNotUnpack() throws {
        let zeros = try zlibZeros(mebibytes: 256)
        let file = try Card.file("rgb-8.png")
        let profile = Array(file[..<33]) + FileParts.chunk("iCCP", Array("x\0\0".utf8) + zeros) + file[33...]
        let header = FileParts.chunk("IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
        let tiny = Array(file[..<8]) + header + FileParts.chunk("IDAT", zeros) + FileParts.chunk("IEND", [])
        // What the profile may unpack to is reserved.
        #expect(try ImageHeader.read(profile).decodeBytes > 12 << 20)
        #expect(try ImageHeader.read(file).decodeBytes < 2 << 20)
        let image = try Image.decode(profile)
        #expect(throws: ImageError.corrupt(reason: "more data than the picture can hold")) { try Image.decode(tiny) }
        #expect(image.metadata.icc == nil)
    }

    /// Every byte of the EXIF block changed, to values that are typical for trouble, and the block cut at each length.
    @Test func garbageInEXIF_IsHarmless() throws {
        let file = try Card.file("orientation-6.jpg")
        let start = 20 + 4 + 6
        var orientations: Set<Int> = []
        for at in start..<start + 270 {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var damaged = file
                damaged[at] = value
                let image = try Image.decode(damaged)
                orientations.insert(image.header.orientation.rawValue)
                #expect(try Image.decode(image.encode()).header.orientation == .upright, "byte \(at) = \(value)")
            }
        }
        #expect(orientations.isSuperset(of: [1, 6]))
        let png = try Card.file("rgb-8.png")
        let block = Array(file[start..<start + 290])
        for length in 0..<block.count {
            let image = try Image.decode(Array(png[..<33]) + FileParts.chunk("eXIf", Array(block.prefix(length))) + png[33...])
            #expect(try Image.decode(image.encode()).header.orientation == .upright, "cut to \(length)")
        }
    }

    /// Half a million segments and chunks: time and memory in proportion to the file.
    @Test func manySegments_AreReadOnce() throws {
        let jpeg = try Card.file("gray.jpg")
        let comments = (0..<500_000).flatMap { _ in [0xFF, 0xFE, 0, 2] as [UInt8] }
        let png = try Card.file("rgb-8.png")
        let texts = (0..<200_000).flatMap { _ in FileParts.chunk("tEXt", [0x41, 0]) }
        let start = CPUTime.seconds
        let commented = try Image.decode([0xFF, 0xD8] + comments + jpeg[2...])
        let annotated = try Image.decode(Array(png[..<33]) + texts + png[33...])
        #expect(CPUTime.seconds - start < 2)
        #expect(commented.metadata.comments.count == 4096)
        #expect(annotated.metadata.textChunks.count == 4096)
    }

    // MARK: Making files

    /// The zlib stream that libpng makes of black rows.
    private func zlibZeros(mebibytes: Int) throws -> [UInt8] {
        let raster = try Raster(width: 1 << 20, height: mebibytes, channels: 1, bitDepth: 8)
        let png = try Image(raster: raster).encode()
        var (stream, offset) = ([UInt8](), 8)
        while offset < png.count {
            let length = png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let isData = png[offset + 4..<offset + 8].elementsEqual("IDAT".utf8)
            if isData { stream += png[offset + 8..<offset + 8 + length] }
            offset += 12 + length
        }
        return stream
    }
}
