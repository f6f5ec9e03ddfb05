/// A picture to draw on. What lies outside is not drawn.
public struct Canvas: Sendable {
    public let width: Int
    public let height: Int
    /// `(height, width, 3)` row-major, RGB.
    public private(set) var bytes: [UInt8]

    public init(width: Int, height: Int, background: Colour = .paper) {
        self.width = width
        self.height = height
        bytes = [UInt8](repeating: background.red, count: width * height * 3)
        for pixel in 0..<width * height {
            bytes[3 * pixel + 1] = background.green
            bytes[3 * pixel + 2] = background.blue
        }
    }

    /// Draws on a picture.
    ///
    /// - Parameters:
    ///   - bytes: `(height, width, 3)` row-major, RGB.
    ///   - width: pixels.
    ///   - height: pixels.
    public init(width: Int, height: Int, bytes: [UInt8]) {
        precondition(width >= 1 && height >= 1 && bytes.count == width * height * 3, "\(width)×\(height)")
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// - Parameters:
    ///   - opacity: 0 leaves the pixel as it is.
    ///   - x: column; outside the picture nothing is drawn.
    ///   - y: row.
    ///   - colour: what is laid over the pixel.
    public mutating func point(_ x: Int, _ y: Int, _ colour: Colour, opacity: Double = 1) {
        guard x >= 0, y >= 0, x < width, y < height else { return }
        let at = (y * width + x) * 3
        let mixed = Colour(bytes[at], bytes[at + 1], bytes[at + 2]).mixed(with: colour, share: opacity)
        (bytes[at], bytes[at + 1], bytes[at + 2]) = (mixed.red, mixed.green, mixed.blue)
    }

    /// - Parameters:
    ///   - opacity: 0 leaves what is there.
    ///   - x: left edge; what is outside the picture is not drawn.
    ///   - y: upper edge.
    ///   - width: pixels.
    ///   - height: pixels.
    ///   - colour: what is laid over it.
    public mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour, opacity: Double = 1) {
        let (top, left) = (max(0, y), max(0, x))
        for row in top..<max(top, min(y + height, self.height)) {
            for column in left..<max(left, min(x + width, self.width)) {
                point(column, row, colour, opacity: opacity)
            }
        }
    }

    /// The border of a rectangle, within it.
    public mutating func frame(
        x: Int, y: Int, width: Int, height: Int, thickness: Int, _ colour: Colour, opacity: Double = 1
    ) {
        let inner = max(0, height - 2 * thickness)
        fill(x: x, y: y, width: width, height: min(thickness, height), colour, opacity: opacity)
        fill(x: x, y: y + height - thickness, width: width, height: thickness, colour, opacity: opacity)
        fill(x: x, y: y + thickness, width: thickness, height: inner, colour, opacity: opacity)
        fill(x: x + width - thickness, y: y + thickness, width: thickness, height: inner, colour, opacity: opacity)
    }

    /// A straight line of that thickness; `dash` pixels on, as many off, 0 for none.
    public mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), thickness: Int = 2, dash: Int = 0,
        _ colour: Colour
    ) {
        let steps = max(1, Int(max(abs(end.x - start.x), abs(end.y - start.y)).rounded(.up)))
        for step in 0...steps where dash == 0 || step / dash % 2 == 0 {
            let share = Double(step) / Double(steps)
            let x = Int((start.x + (end.x - start.x) * share).rounded()) - thickness / 2
            let y = Int((start.y + (end.y - start.y) * share).rounded()) - thickness / 2
            fill(x: x, y: y, width: thickness, height: thickness, colour)
        }
    }

    /// Writes a text; returns its width in pixels.
    ///
    /// - Parameters:
    ///   - y: the top of its capitals.
    ///   - text: one line.
    ///   - x: where its first letter begins.
    ///   - lettering: the letters at their size.
    ///   - colour: of the letters.
    @discardableResult
    public mutating func text(_ text: String, x: Int, y: Int, _ lettering: Lettering, _ colour: Colour = .ink) -> Int {
        var pen = x
        for character in text {
            let glyph = lettering.glyph(of: character)
            let (left, top) = (pen + glyph.left, y + lettering.capitalHeight - glyph.top)
            for (index, shade) in glyph.shades.enumerated() where shade > 0 {
                point(
                    left + index % glyph.width, top + index / glyph.width, colour, opacity: Double(shade) / 255)
            }
            pen += glyph.advance
        }
        return pen - x
    }
}
