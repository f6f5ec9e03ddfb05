import Tiles

extension TileAxis {
    /// The pixels of the image that are this tile's when neighbours part in the middle of their overlap: every pixel
    /// belongs to exactly one tile.
    func own(_ tile: Int) -> Range<Int> {
        func border(before next: Int) -> Int {
            if next == 0 { return 0 }
            if next == count { return length }
            return (starts[next] + starts[next - 1] + tileLength) / 2
        }
        return border(before: tile)..<border(before: tile + 1)
    }
}
