import Images
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: RasterTests.Kind.all) func png_IsLossless(_ kind: RasterTests.Kind) throws {
        for (index, (width, height)) in (RasterTests.sizes + [(1, 300), (300, 1), (257, 65)]).enumerated() {
            let raster = try Raster.noise(
                width, height, channels: kind.channels, bitDepth: kind.bitDepth, hasAlpha: kind.hasAlpha,
                seed: UInt64(index))
            let bytes = try Image(raster: raster).encode()
            #expect(try Image.decode(bytes).raster.equals(raster), "seed \(index), \(width)×\(height)")
            #expect(try Image(raster: raster).encode() == bytes, "equal input, equal bytes")
        }
    }

    /// Matches between distant rows are looked for where they pay.
    @Test func pngOfRepeatedPattern_IsSmall() throws {
        let raster = try Raster(width: 512, height: 512, channels: 3, bitDepth: 8)
        let tile = try Raster.noise(32, 1, channels: 3, bitDepth: 8, hasAlpha: false, seed: 9).samples(0)
        for y in 0..<512 {
            raster.withMutableRow(y) { row in for index in row.indices { row[index] = UInt8(tile[index % 96]) } }
        }
        let bytes = try Image(raster: raster).encode()
        #expect(bytes.count < raster.height * raster.rowBytes / 50, "\(bytes.count)")
        #expect(try Image.decode(bytes).raster.equals(raster))
    }

    @Test(arguments: [1, 3]) func jpegOfAnySize_KeepsTheSize(_ channels: Int) throws {
        for name in ["420.jpg", "422.jpg", "440.jpg", "411.jpg", "progressive.jpg"] {
            let traits = try #require(try ImageHeader.read(Card.file(name)).jpeg)
            for (width, height) in [(1, 1), (1, 2), (7, 1), (15, 17), (31, 9), (65, 33)] {
                let raster = try Raster(width: width, height: height, channels: channels, bitDepth: 8)
                for y in 0..<height {
                    for x in 0..<width {
                        for c in 0..<channels { raster.set(x + 2 * y + 20 * c, x: x, y: y, channel: c) }
                    }
                }
                let image = Image(raster: raster, format: .jpeg, jpeg: traits)
                let again = try Image.decode(image.encode(EncodeOptions(quality: 100)))
                #expect((again.raster.width, again.raster.height, again.raster.channels) == (width, height, channels))
                #expect(Card.distance(again.raster) { $0 + 2 * $1 + 20 * $2 } <= 5, "\(name) \(width)×\(height)")
                #expect(again.header.jpeg?.isProgressive == traits.isProgressive)
                if channels == 3 { #expect(again.header.jpeg?.subsampling == traits.subsampling) }
            }
        }
    }

    @Test func quality_IsAboutTheInputs() throws {
        func quality(_ name: String, _ options: EncodeOptions = EncodeOptions(format: .jpeg)) throws -> Int? {
            try ImageHeader.read(Image.decode(Card.file(name)).encode(options)).jpeg?.quality
        }
        #expect(try quality("420.jpg") == 92)
        #expect(try quality("gray.jpg") == 95)
        #expect(try quality("rgb-8.png") == 95)
        #expect(try quality("420.jpg", EncodeOptions(quality: 30)) == 30)
    }

    /// 16 bit to 8 by rounding, alpha over white.
    @Test func jpegFromWidePNG_IsRoundedAndFlattened() throws {
        let raster = try Raster(width: 16, height: 16, channels: 1, bitDepth: 16, hasAlpha: true)
        for y in 0..<16 {
            for x in 0..<16 {
                raster.set(x < 8 ? 25_829 : 12_345, x: x, y: y, channel: 0)  // 100.5 of 255: up to 101
                raster.setAlpha(x < 8 ? 65535 : 0, x: x, y: y)
            }
        }
        let image = try Image.decode(Image(raster: raster).encode(EncodeOptions(format: .jpeg, quality: 100)))
        #expect((image.raster.channels, image.raster.hasAlpha) == (1, false))
        #expect(Card.distance(image.raster) { x, _, _ in x < 8 ? 101 : 255 } == 0)
    }

    @Test func jpegOverItsLargestSide_IsRefused() throws {
        let image = Image(raster: try Raster(width: 65_501, height: 1, channels: 1, bitDepth: 8))
        #expect(throws: ImageError.unsupportedFeature("JPEG with a side over 65500 pixels")) {
            try image.encode(EncodeOptions(format: .jpeg))
        }
        #expect(try Image.decode(image.encode()).raster.width == 65_501)
    }

    @Test func npy_HasNumPysLayout() {
        let values: [Float] = [0, 1, -0.5, 2, 3, 4]
        let file = NPYFile.encode(values, height: 1, width: 2)
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }"
        #expect(file.prefix(10) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0])
        #expect(String(decoding: file[10..<128], as: UTF8.self) == text.padding(to: 117) + "\n")
        #expect(file.count == 128 + 24)
        let read = (0..<6).map { index in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(file[128 + 4 * index + $1]) << UInt32(8 * $1) })
        }
        #expect(read == values)
    }
}

extension String {
    fileprivate func padding(to length: Int) -> String { self + String(repeating: " ", count: length - count) }
}
