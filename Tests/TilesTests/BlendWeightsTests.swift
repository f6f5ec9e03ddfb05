import Foundation
import TestSupport
import Testing
import Tiles

@Suite struct BlendWeightsTests {
    @Test func edgeSafeWeightsSumToOne() throws {
        for tile in [TileSize.published, try TileSize(side: 48, overlap: 16), try TileSize(side: 64, overlap: 32)] {
            for length in Array(1...1500) + [4000, 5999, 10_001] {
                let axis = try TileGrid(width: length, height: 1, tile: tile).columns
                let weights = BlendWeights(axis: axis, style: .edgeSafe)
                let worst = weights.totals(axis).map { abs($0 - 1) }.max()!
                // Half of what the product of two axes may be off.
                #expect(worst <= 4e-7, "length \(length), \(tile): \(worst)")
                #expect(weights.values.allSatisfy { $0.allSatisfy { (0...1).contains($0) } }, "length \(length)")
            }
        }
    }

    @Test func stylesAgreeWhereTheyShould() throws {
        for length in 385...2000 where (length - 32) % 352 == 0 || (length - 32) % 352 > 31 {
            let axis = try TileGrid(width: length, height: 1).columns
            #expect(BlendWeights(axis: axis, style: .edgeSafe) == BlendWeights(axis: axis, style: .authors))
        }
    }

    /// Where three tiles overlap, the authors' weights over their sum.
    @Test func threeTilesAreNormalised() throws {
        for length in [740, 750, 760, 1095, 1110] {
            let axis = try TileGrid(width: length, height: 1).columns
            let safe = BlendWeights(axis: axis, style: .edgeSafe)
            let authors = BlendWeights(axis: axis, style: .authors)
            let totals = authors.totals(axis)
            #expect(totals.max()! > 1.0001 && totals.max()! < 1.0191, "length \(length)")
            for (tile, start) in axis.starts.enumerated() {
                for offset in 0..<axis.tileLength {
                    let expected = Double(authors.values[tile][offset]) / totals[start + offset]
                    #expect(abs(Double(safe.values[tile][offset]) - expected) <= 1e-6)
                }
            }
        }
    }

    private struct Golden: Decodable {
        struct Tile: Decodable {
            var start: Int
            var head: [Float]
            var tail: [Float]
            var sum: Double
            var at_20: Float?
        }
        var tile: Int
        var starts: [Int]
        var last_overlap: Int?
        var authors: [Tile]
        var edge_safe: [Tile]
        var authors_total_min_max: [Double]
    }

    @Test(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
    func goldenLengths() throws {
        let data = try Data(contentsOf: Goldens.file("blend_1d/blend_1d.json"))
        let goldens = try JSONDecoder().decode([String: Golden].self, from: data)
        #expect(goldens.count == 27)
        for (name, golden) in goldens {
            let axis = try TileGrid(width: Int(name)!, height: 1).columns
            #expect(axis.starts == golden.starts, "length \(name)")
            #expect(axis.tileLength == golden.tile, "length \(name)")
            #expect(axis.lastOverlap == golden.last_overlap, "length \(name)")
            let authors = BlendWeights(axis: axis, style: .authors)
            compare(authors, golden.authors, "authors, length \(name)")
            let totals = authors.totals(axis)
            #expect(abs(totals.min()! - golden.authors_total_min_max[0]) <= 1e-6, "length \(name)")
            #expect(abs(totals.max()! - golden.authors_total_min_max[1]) <= 1e-6, "length \(name)")
            // The vectors hold edge-safe weights before the division where three tiles overlap;
            // `threeTilesAreNormalised` covers those lengths.
            if golden.authors_total_min_max[1] <= 1 + 1e-6 {
                compare(BlendWeights(axis: axis, style: .edgeSafe), golden.edge_safe, "edge-safe, length \(name)")
            }
        }
    }

    private func compare(_ weights: BlendWeights, _ golden: [Golden.Tile], _ what: String) {
        #expect(weights.values.count == golden.count, "\(what)")
        for (tile, expected) in zip(weights.values, golden) {
            // Stored with seven digits, the sum with four.
            #expect(maxAbsoluteDifference(tile.prefix(expected.head.count), expected.head) <= 1e-6, "\(what)")
            #expect(maxAbsoluteDifference(tile.suffix(expected.tail.count), expected.tail) <= 1e-6, "\(what)")
            let sum = tile.reduce(0) { $0 + Double($1) }
            #expect(abs(sum - expected.sum) <= 2e-4, "\(what): \(sum), expected \(expected.sum)")
            if let at20 = expected.at_20, tile.count > 20 {
                #expect(abs(tile[20] - at20) <= 1e-6, "\(what): \(tile[20]), expected \(at20)")
            }
        }
    }

    @Test(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
    func goldenWeightsBitForBit() throws {
        let archive = try NumPyArchive(contentsOf: Goldens.file("blend_1d/full_weights.npz"))
        var compared = 0
        for length in [48, 400, 740] {
            let axis = try TileGrid(width: length, height: 1).columns
            for (tile, values) in BlendWeights(axis: axis, style: .authors).values.enumerated() {
                let golden = try archive["authors_\(length)_\(tile)"].floats
                let different = zip(values, golden).count { $0.bitPattern != $1.bitPattern }
                #expect(values.count == golden.count, "tile \(tile) of \(length)")
                #expect(different == 0, "values of tile \(tile) of \(length)")
                compared += 1
            }
        }
        #expect(compared == 6)
    }
}
