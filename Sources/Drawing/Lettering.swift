import CFreeType

/// A font at one size, as shades that are ready to be drawn. The font is part of the program (`Font/make`): nothing is
/// read at run time, and nothing is shared between threads.
public struct Lettering: Sendable {
    /// A letter's shades, and where they lie beside the pen.
    struct Glyph {
        /// From the pen to the left column, and from the line that letters stand on up to the top row, pixels.
        var left = 0
        var top = 0
        var width = 0
        /// How far the pen goes on, pixels.
        var advance = 0
        /// `(rows, width)` row-major, 0…255.
        var shades: [UInt8] = []
    }

    /// Letters that the font has: ASCII, and what else plots write.
    private static let characters: [UnicodeScalar] = (UInt8(32)...126).map { UnicodeScalar($0) } + ["×", "Δ", "τ", "…", "−"]

    /// Height of a capital letter, pixels.
    public let capitalHeight: Int
    /// From one line to the next, pixels.
    public let lineHeight: Int
    private let glyphs: [Character: Glyph]

    /// Draws every letter once, which takes a millisecond. Where memory is too short for that the lettering is empty: a
    /// map without words is better than none.
    ///
    /// - Parameter capitalHeight: pixels, at least 7: in smaller letters dots are too faint to be seen.
    public init(capitalHeight: Int) {
        self.capitalHeight = max(7, capitalHeight)
        // Roboto's capitals are 1456 of 2048 units high.
        let pixels = (self.capitalHeight * 2048 + 728) / 1456
        lineHeight = self.capitalHeight * 7 / 4
        glyphs = PackageResources.Roboto_ttf.withUnsafeBufferPointer { Self.rendered($0, pixels: pixels) }
    }

    /// For a character that the font lacks its sign for that.
    func glyph(of character: Character) -> Glyph { glyphs[character] ?? glyphs["?"] ?? Glyph() }

    /// Pixels that a text takes on its line.
    public func width(of text: String) -> Int { text.reduce(0) { $0 + glyph(of: $1).advance } }

    private static func rendered(_ font: UnsafeBufferPointer<UInt8>, pixels: Int) -> [Character: Glyph] {
        var library: FT_Library?
        guard FT_Init_FreeType(&library) == 0 else { return [:] }
        defer { FT_Done_FreeType(library) }
        var face: FT_Face?
        // The face reads from these bytes until it is done with, below.
        guard FT_New_Memory_Face(library, font.baseAddress, FT_Long(font.count), 0, &face) == 0, let face else { return [:] }
        defer { FT_Done_Face(face) }
        guard FT_Set_Pixel_Sizes(face, 0, FT_UInt(pixels)) == 0 else { return [:] }
        var found: [Character: Glyph] = [:]
        for scalar in characters where FT_Load_Char(face, FT_ULong(scalar.value), FT_Int32(FT_LOAD_RENDER)) == 0 {
            found[Character(scalar)] = Glyph(face.pointee.glyph.pointee)
        }
        return found
    }
}

extension Lettering.Glyph {
    /// - Parameter slot: one that was rendered in 256 grays.
    fileprivate init(_ slot: FT_GlyphSlotRec) {
        let bitmap = slot.bitmap
        (left, top) = (Int(slot.bitmap_left), Int(slot.bitmap_top))
        width = Int(bitmap.width)
        advance = Int((slot.advance.x + 32) >> 6)
        shades.reserveCapacity(width * Int(bitmap.rows))
        for row in 0..<Int(bitmap.rows) {
            // A row begins `pitch` bytes after the one above it (FreeType's FT_Bitmap).
            let start = bitmap.buffer + row * Int(bitmap.pitch)
            shades.append(contentsOf: UnsafeBufferPointer(start: start, count: width))
        }
    }
}
