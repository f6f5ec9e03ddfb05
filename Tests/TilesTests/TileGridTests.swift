import TestSupport
import Testing
import Tiles

@Suite struct TileGridTests {
    @Test func everyLengthIsCovered() throws {
        for tile in [TileSize.published, try TileSize(side: 16, overlap: 8), try TileSize(side: 48, overlap: 2)] {
            for length in 1...1600 {
                let grid = try TileGrid(width: length, height: 1 + length % 97, tile: tile)
                #expect(grid.checkInvariants() == [])
            }
        }
    }

    /// Padded on all sides, so that every tile begins where the coarsest features have a pixel; no more tiles for it.
    @Test func wholeImagesAreCovered() throws {
        for tile in [TileSize.published, try TileSize(side: 64, overlap: 16), try TileSize(side: 48, overlap: 16)] {
            for length in 1...1600 {
                let grid = try TileGrid(width: length, height: 1 + length % 97, tile: tile, mode: .whole)
                #expect(grid.checkInvariants() == [])
                #expect(grid.encodesWholeImage == (grid.count > 1))
                #expect(grid.columns.paddedLength == (length + 15) / 16 * 16)
                let weights = BlendWeights(axis: grid.columns, style: .edgeSafe)
                #expect(weights.totals(grid.columns).allSatisfy { abs($0 - 1) <= 4e-7 }, "length \(length)")
            }
        }
        let error = TilesError.badOption(
            name: "mode", value: "whole",
            expected: "tile, since the model's tiles overlap by 8 pixels, no multiple of 16")
        let odd = try TileSize(side: 48, overlap: 8)
        #expect(throws: error) { try TileGrid(width: 100, height: 100, tile: odd, mode: .whole) }
    }

    /// Specification 9.1: the number of tiles, and the overlap of the last two.
    @Test func countsFollowTheFormulas() throws {
        for length in 385...3000 {
            let axis = try TileGrid(width: length, height: 1).columns
            let count = (length - 33) / 352 + 1
            #expect(axis.count == count)
            #expect(axis.lastOverlap == count * 352 + 64 - length)
        }
    }

    @Test func workedExamples() throws {
        let gopro = try TileGrid(width: 1280, height: 720)
        #expect(gopro.columns.starts == [0, 352, 704, 896])
        #expect(gopro.rows.starts == [0, 336])
        #expect(gopro.count == 8)
        #expect(gopro[5] == TileRectangle(x: 352, y: 336, width: 384, height: 384))
        let small = try TileGrid(width: 100, height: 75)
        #expect(small.tileWidth == 112)
        #expect(small.tileHeight == 80)
        #expect(small[0] == TileRectangle(x: 0, y: 0, width: 100, height: 75))
    }

    /// Specification 8: the edge is not repeated; tiny sides fold.
    @Test func mirrorsAndFolds() throws {
        func mirrored(_ length: Int) throws -> [Int] {
            let axis = try TileGrid(width: length, height: 1).columns
            return (0..<axis.paddedLength).map { axis.source(of: $0) }
        }
        #expect(try mirrored(1) == Array(repeating: 0, count: 16))
        #expect(try mirrored(2) == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
        #expect(try mirrored(4) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3])
        #expect(try mirrored(13) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 11, 10, 9])
        #expect(try mirrored(16) == Array(0..<16))
    }

    @Test func refusesWhatCannotTile() {
        #expect(throws: TilesError.badTileSize(side: 380, overlap: 32)) { try TileSize(side: 380, overlap: 32) }
        #expect(throws: TilesError.badTileSize(side: 384, overlap: 1)) { try TileSize(side: 384, overlap: 1) }
        #expect(throws: TilesError.badTileSize(side: 64, overlap: 33)) { try TileSize(side: 64, overlap: 33) }
        #expect(throws: TilesError.badTileSize(side: 0, overlap: 2)) { try TileSize(side: 0, overlap: 2) }
        #expect(throws: TilesError.emptyImage(width: 0, height: 3)) { try TileGrid(width: 0, height: 3) }
    }
}
