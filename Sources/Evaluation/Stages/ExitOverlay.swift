import Drawing
import Tiles

/// Lays each tile's exit over the picture as a colour, with its class and exit in words.
struct ExitOverlay {
    let grid: TileGrid
    /// By tile; nil without a classifier.
    let classes: [Int?]
    /// By tile, 0…K.
    let exits: [Int]
    let subDecoders: Int

    func draw(on picture: ByteImage) -> ByteImage {
        var canvas = Canvas(picture)
        let size = max(1, min(grid.tileWidth, grid.tileHeight) / 128)
        for index in exits.indices {
            let own = part(index)
            // Deep exits are red: they cost most.
            let colour = Colour.scale(subDecoders - exits[index], of: subDecoders + 1)
            canvas.fill(x: own.x, y: own.y, width: own.width, height: own.height, colour, opacity: 0.35)
            canvas.frame(x: own.x, y: own.y, width: own.width, height: own.height, thickness: 1, .white)
            let lines = [classes[index].map { "class \($0)" }, "exit \(exits[index])"].compactMap { $0 }
            let width = (lines.map { Canvas.textWidth($0, size: size) }.max() ?? 0) + 4 * size
            canvas.fill(
                x: own.x + 4, y: own.y + 4, width: width, height: lines.count * 9 * size + 4 * size, .black,
                opacity: 0.7)
            for (line, text) in lines.enumerated() {
                canvas.text(
                    text, x: own.x + 4 + 2 * size, y: own.y + 4 + 3 * size + line * 9 * size, size: size, .white)
            }
        }
        return canvas.picture
    }

    /// The part of a tile up to the middle of each overlap, so that no pixel is coloured twice.
    private func part(_ index: Int) -> TileRectangle {
        let (row, column) = grid.position(of: index)
        let (rows, columns) = (grid.rows.share(of: row), grid.columns.share(of: column))
        return TileRectangle(
            x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }
}
