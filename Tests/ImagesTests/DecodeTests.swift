import Images
import Testing

@Suite struct DecodeTests {
    /// Quality 95 and no chroma subsampling: the gradients of the card come back nearly as they were.
    @Test(arguments: 1...8) func jpegOrientation_IsApplied(_ orientation: Int) throws {
        let image = try Image.decode(Card.file("orientation-\(orientation).jpg"))
        #expect(image.header.orientation.rawValue == orientation)
        #expect((image.raster.width, image.raster.height) == (48, 32))
        #expect((image.header.width, image.header.height) == (48, 32))
        #expect(Card.distance(image.raster) { Card.rgb($0, $1)[$2] } <= 6)
    }

    @Test(arguments: 1...8) func pngOrientation_IsApplied(_ orientation: Int) throws {
        let image = try Image.decode(Card.file("orientation-\(orientation).png"))
        #expect(image.header.orientation.rawValue == orientation)
        #expect((image.raster.width, image.raster.height) == (48, 32))
        #expect(Card.distance(image.raster) { Card.rgb($0, $1)[$2] } == 0)
    }

    @Test(arguments: [
        ("progressive.jpg", 6), ("422.jpg", 24), ("420.jpg", 32), ("440.jpg", 12), ("411.jpg", 20), ("rgb.jpg", 6),
        ("arithmetic.jpg", 32), ("restart.jpg", 32), ("metadata.jpg", 6),
    ])
    func colourJPEG_IsRGB(_ name: String, _ tolerance: Int) throws {
        let image = try Image.decode(Card.file(name))
        #expect((image.raster.channels, image.raster.bitDepth, image.raster.hasAlpha) == (3, 8, false))
        let distance = Card.distance(image.raster) { Card.rgb($0, $1)[$2] }
        #expect(distance <= tolerance, "\(name): \(distance)")
    }

    /// The same coefficients in another coding give the same pixels.
    @Test(arguments: ["arithmetic.jpg", "restart.jpg"]) func coding_DoesNotChangePixels(_ name: String) throws {
        let plain = try Image.decode(Card.file("420.jpg"))
        #expect(try Image.decode(Card.file(name)).raster.equals(plain.raster))
    }

    @Test func grayJPEG_StaysGray() throws {
        let image = try Image.decode(Card.file("gray.jpg"))
        #expect(image.raster.channels == 1)
        #expect(Card.distance(image.raster) { x, y, _ in Card.gray(x, y) } <= 3)
    }

    /// Adobe's inverted CMYK; make.py has black at 0, so colours come back as they were.
    @Test func cmykJPEG_BecomesRGBWithoutItsProfile() throws {
        let image = try Image.decode(Card.file("cmyk.jpg"))
        #expect(image.header.colour == .cmyk)
        #expect(image.raster.channels == 3)
        #expect(Card.distance(image.raster) { Card.rgb($0, $1)[$2] } <= 8)
        #expect(image.metadata.icc == nil)
    }

    @Test(arguments: [1, 2, 4, 8]) func grayPNG_IsExpandedTo8Bit(_ depth: Int) throws {
        let image = try Image.decode(Card.file("gray-\(depth).png"))
        #expect((image.raster.channels, image.raster.bitDepth, image.header.bitDepth) == (1, 8, depth))
        let top = (1 << depth) - 1
        #expect(Card.distance(image.raster) { x, y, _ in (Card.gray(x, y) & top) * 255 / top } == 0)
    }

    @Test(arguments: ["gray-16.png", "rgb-16.png", "rgba-16.png", "gray-alpha-16.png", "interlaced-rgba-16.png"])
    func wideSamples_AreExact(_ name: String) throws {
        let image = try Image.decode(Card.file(name))
        #expect(image.raster.bitDepth == 16)
        #expect(image.raster.channels == (name.contains("gray") ? 1 : 3))
        #expect(Card.distance(image.raster) { Card.wide($0, $1, $2) } == 0)
        #expect(image.raster.hasAlpha == name.contains("a-16") || name.contains("alpha"))
        if image.raster.hasAlpha {
            for y in 0..<32 { #expect(image.raster.alphas(y) == (0..<48).map { Card.alpha($0, y) * 257 }) }
        }
    }

    @Test(arguments: ["rgb-8.png", "rgba-8.png", "interlaced-rgb-8.png", "gray-alpha-8.png", "interlaced-gray-1.png"])
    func samples_AreExact(_ name: String) throws {
        let image = try Image.decode(Card.file(name))
        #expect(
            Card.distance(image.raster) { x, y, c in
                name == "interlaced-gray-1.png"
                    ? (Card.gray(x, y) & 1) * 255 : name.contains("gray") ? Card.gray(x, y) : Card.rgb(x, y)[c]
            } == 0)
        #expect(image.header.isInterlaced == name.contains("interlaced"))
        if name.contains("a-8") {
            for y in 0..<32 { #expect(image.raster.alphas(y) == (0..<48).map { Card.alpha($0, y) }) }
        }
    }

    @Test func palette_IsExpanded() throws {
        let plain = try Image.decode(Card.file("palette-4.png"))
        #expect((plain.raster.channels, plain.raster.hasAlpha, plain.header.colour) == (3, false, .palette))
        let expected = { (x: Int, y: Int, c: Int) -> Int in
            let index = (x + y) % 16
            return [index * 16, 255 - index * 16, index][c]
        }
        #expect(Card.distance(plain.raster, expected) == 0)

        let clear = try Image.decode(Card.file("palette-4-trns.png"))
        #expect(Card.distance(clear.raster, expected) == 0)
        for y in 0..<32 {
            #expect(clear.raster.alphas(y) == (0..<48).map { [0, 128][safe: ($0 + y) % 16] ?? 255 })
        }
    }

    @Test(arguments: ["gray-trns.png", "rgb-trns.png"]) func transparentColour_BecomesAlpha(_ name: String) throws {
        let image = try Image.decode(Card.file(name))
        let key = { (x: Int, y: Int) in name.contains("gray") ? [Card.gray(x, y)] : Card.rgb(x, y) }
        for y in 0..<32 {
            #expect(image.raster.alphas(y) == (0..<48).map { key($0, y) == key(3, 4) ? 0 : 255 })
        }
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
