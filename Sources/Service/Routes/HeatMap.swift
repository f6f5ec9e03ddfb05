import Drawing
import Images
import Tiles

/// Where a photo needed how much work: each tile's exit as a colour over the photo in gray, with a legend below. Tiles
/// whose output was not believed are framed and crossed.
struct HeatMap {
    /// The longer side of a small one, at least.
    private static let shortestSide = 256
    /// Without a ground that fits: an even shade.
    private static let plain: UInt8 = 96

    /// Of the photo, pixels.
    let photoWidth, photoHeight: Int
    let tiles: [JobTile]
    /// K
    let subDecoders: Int

    /// - Parameter ground: see ``HeatMapGround``; nil where it is not kept.
    func draw(on ground: Raster?) -> Canvas {
        let longest = max(photoWidth, photoHeight)
        let down = HeatMapGround.step(width: photoWidth, height: photoHeight)
        let up = max(1, Self.shortestSide / longest)
        let (width, height) = (max(1, photoWidth * up / down), max(1, photoHeight * up / down))
        let entries = legend()
        let size = max(2, width / 400)
        let lettering = Lettering(capitalHeight: 5 * size)
        let lineHeight = 10 * size
        let widths = entries.map { lettering.width(of: $0.text) + lineHeight + 2 * size }
        let full = max(width, (widths.max() ?? 0) + 2 * size)
        let lines = Self.wrap(widths, within: full - 2 * size)
        var canvas = Canvas(width: full, height: height + lines.count * lineHeight + 4 * size)
        Self.draw(ground, on: &canvas, width: width, height: height, up: up)
        let scaled = { (pixels: Int) in pixels * up / down }
        let cells = Self.cells(tiles).map { cell in
            let (x, y) = (scaled(cell.x), scaled(cell.y))
            return TileRectangle(
                x: x, y: y, width: min(width, scaled(cell.x + cell.width)) - x,
                height: min(height, scaled(cell.y + cell.height)) - y)
        }
        // One size for all words.
        let words = cells.map { min($0.width / 96, $0.height / 48, 3) }.min() ?? 0
        let inCells = Lettering(capitalHeight: words >= 1 ? 6 * words : 7)
        for (tile, cell) in zip(tiles, cells) { draw(tile, cell, inWords: words >= 1, inCells, on: &canvas) }
        var next = 0
        for (line, count) in lines.enumerated() {
            var x = 2 * size
            let y = height + 3 * size + line * lineHeight
            for entry in entries[next..<next + count] {
                let side = lettering.capitalHeight
                canvas.fill(x: x, y: y, width: side, height: side, entry.colour)
                canvas.frame(x: x, y: y, width: side, height: side, thickness: 1, .muted)
                if entry.isMark { Self.cross(x: x, y: y, width: side, height: side, on: &canvas) }
                x += lineHeight - 2 * size
                x += canvas.text(entry.text, x: x, y: y, lettering) + 4 * size
            }
            next += count
        }
        return canvas
    }

    // MARK: Tiles

    private func colour(_ exit: Int) -> Colour {
        // Deep exits are dark: they cost most.
        Colour.scale(subDecoders - min(exit, subDecoders), of: subDecoders + 1)
    }

    /// - Parameter inWords: whether there is room for more than the exit's number.
    private func draw(
        _ tile: JobTile, _ cell: TileRectangle, inWords: Bool, _ lettering: Lettering, on canvas: inout Canvas
    ) {
        let (x, y, width, height) = (cell.x, cell.y, cell.width, cell.height)
        guard width > 0, height > 0 else { return }
        canvas.fill(x: x, y: y, width: width, height: height, colour(tile.exit), opacity: 0.5)
        canvas.frame(x: x, y: y, width: width, height: height, thickness: 1, .white, opacity: 0.35)
        if tile.anomaly != nil { Self.cross(x: x, y: y, width: width, height: height, on: &canvas) }
        let words = [tile.degradationClass.map { "class \($0)" }, "exit \(tile.exit)"].compactMap { $0 }
        let texts = inWords ? words : ["\(tile.exit)"]
        let margin = lettering.capitalHeight / 3
        let boxWidth = (texts.map(lettering.width).max() ?? 0) + 2 * margin
        let boxHeight = lettering.capitalHeight + (texts.count - 1) * lettering.lineHeight + 2 * margin
        guard boxWidth <= width, boxHeight <= height else { return }
        canvas.fill(x: x + margin, y: y + margin, width: boxWidth, height: boxHeight, .ink, opacity: 0.72)
        for (line, text) in texts.enumerated() {
            canvas.text(text, x: x + 2 * margin, y: y + 2 * margin + line * lettering.lineHeight, lettering, .white)
        }
    }

    private static func cross(x: Int, y: Int, width: Int, height: Int, on canvas: inout Canvas) {
        let thickness = max(1, min(width, height) / 24)
        canvas.frame(x: x, y: y, width: width, height: height, thickness: thickness, .mark)
        let (left, top, right, bottom) = (Double(x), Double(y), Double(x + width - 1), Double(y + height - 1))
        canvas.line(from: (left, top), to: (right, bottom), thickness: thickness, .mark)
        canvas.line(from: (left, bottom), to: (right, top), thickness: thickness, .mark)
    }

    /// Each tile up to the middle of its overlaps, so that no pixel is coloured twice.
    static func cells(_ tiles: [JobTile]) -> [TileRectangle] {
        func shares(_ spans: [Range<Int>]) -> [Int: Range<Int>] {
            let ends = Dictionary(spans.map { ($0.lowerBound, $0.upperBound) }, uniquingKeysWith: max)
            let starts = ends.keys.sorted()
            return Dictionary(
                uniqueKeysWithValues: zip(starts, TileAxis.shares(of: starts.map { $0..<(ends[$0] ?? $0) })))
        }
        let columns = shares(tiles.map { $0.x..<$0.x + $0.width })
        let rows = shares(tiles.map { $0.y..<$0.y + $0.height })
        return tiles.map { tile in
            let (x, y) = (columns[tile.x] ?? tile.x..<tile.x, rows[tile.y] ?? tile.y..<tile.y)
            return TileRectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
        }
    }

    // MARK: Legend

    private func legend() -> [(text: String, colour: Colour, isMark: Bool)] {
        var entries = (0...max(subDecoders, tiles.map(\.exit).max() ?? 0)).map { exit in
            let count = tiles.count { $0.exit == exit }
            let name = exit == 0 ? "exit 0 (left as it came)" : "exit \(exit)"
            return (text: "\(name): \(count)", colour: colour(exit), isMark: false)
        }
        let anomalies = tiles.count { $0.anomaly != nil }
        if anomalies > 0 { entries.append(("not believed, replaced: \(anomalies)", .white, true)) }
        return entries
    }

    /// How many entries stand on each line.
    private static func wrap(_ widths: [Int], within limit: Int) -> [Int] {
        var lines: [Int] = []
        var used = 0
        for width in widths {
            if lines.isEmpty || used + width > limit {
                lines.append(1)
                used = width
            } else {
                lines[lines.count - 1] += 1
                used += width
            }
        }
        return lines
    }

    /// The photo as shades, each `up × up` times.
    private static func draw(_ ground: Raster?, on canvas: inout Canvas, width: Int, height: Int, up: Int) {
        guard let ground, ground.channels == 1, ground.bitDepth == 8, ground.width * up == width,
            ground.height * up == height
        else { return canvas.fill(x: 0, y: 0, width: width, height: height, Colour(plain, plain, plain)) }
        for y in 0..<ground.height {
            ground.withRow(y) { row in
                for x in 0..<ground.width {
                    canvas.fill(x: x * up, y: y * up, width: up, height: up, Colour(row[x], row[x], row[x]))
                }
            }
        }
    }
}
