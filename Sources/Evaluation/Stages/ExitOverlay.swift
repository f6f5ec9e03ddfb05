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
        let lettering = Lettering(capitalHeight: 7 * max(1, min(grid.tileWidth, grid.tileHeight) / 128))
        let margin = lettering.capitalHeight / 2
        for index in exits.indices {
            let own = part(index)
            // Deep exits are dark: they cost most.
            let colour = Colour.scale(subDecoders - exits[index], of: subDecoders + 1)
            canvas.fill(x: own.x, y: own.y, width: own.width, height: own.height, colour, opacity: 0.35)
            canvas.frame(x: own.x, y: own.y, width: own.width, height: own.height, thickness: 1, .white, opacity: 0.5)
            let lines = [classes[index].map { "class \($0)" }, "exit \(exits[index])"].compactMap { $0 }
            let (x, y) = (own.x + 4, own.y + 4)
            let width = (lines.map(lettering.width).max() ?? 0) + 2 * margin
            let height = lettering.capitalHeight + (lines.count - 1) * lettering.lineHeight + 2 * margin
            canvas.fill(x: x, y: y, width: width, height: height, .ink, opacity: 0.72)
            for (line, text) in lines.enumerated() {
                canvas.text(text, x: x + margin, y: y + margin + line * lettering.lineHeight, lettering, .white)
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
