import Evaluation
import Foundation
import Kernels
import Network
import Testing
import Tiles

struct CalibrationTests {
    /// Two classes have samples; the second sub-decoder does not help class 1, the first harms class 5.
    private var tiles: [CalibrationTile] {
        func tile(
            _ image: Int, _ label: Int, _ predicted: Int, _ psnr: [Double], _ squares: [Double]
        ) -> CalibrationTile {
            CalibrationTile(image: image, label: label, predicted: predicted, psnr: psnr, squares: squares, bytes: 100)
        }
        return [
            tile(0, 1, 1, [22, 23, 23.02], [400, 200, 190]), tile(0, 1, 5, [24, 26, 26.04], [300, 100, 90]),
            tile(1, 5, 5, [42, 41, 42], [10, 20, 10]),
            // Equal to its sharp one: no number to average.
            tile(1, 5, 5, [.infinity, 50, 51], [0, 2, 1]),
        ]
    }

    private func calibration(_ grouping: Calibration.Grouping) -> Calibration {
        Calibration(tiles: tiles, subDecoders: 2, classes: 6, thresholds: .gopro, grouping: grouping)
    }

    @Test func increments() {
        let byLabel = calibration(.label)
        #expect(byLabel.counts == [0, 2, 0, 0, 0, 1])
        #expect(byLabel.increments[1] == [1.5, 0.03])
        #expect(byLabel.increments[5] == [-1, 1])
        #expect(byLabel.increments[0] == [nil, nil])
        #expect(calibration(.classifier).increments[5] == [0.5, 0.52])
        #expect(byLabel.classifierAccuracy == 0.75)
    }

    @Test func exitTablesFollowEquation12() {
        let byLabel = calibration(.label)
        #expect(byLabel.exitTable(tau: 0.05) == [2, 1, 2, 2, 2, 0])
        #expect(byLabel.exitTable(tau: 0.03) == [2, 2, 2, 2, 2, 0])
        #expect(byLabel.exitTable(tau: 2) == [2, 0, 2, 2, 2, 0])
    }

    /// Classes 0, 2, 3 and 4 have no tile: what the model says of them stays.
    @Test func unseenClassesKeepTheModelsRows() throws {
        func calibration(_ previous: Calibration.Previous?) -> Calibration {
            Calibration(
                tiles: tiles, subDecoders: 2, classes: 6, thresholds: .gopro, grouping: .label, previous: previous)
        }
        let rows: [[Double?]] = [[0.5, 0.01], [9, 9], [0.01, 9], [nil, nil], [], [9, 9]]
        let both = calibration(.init(increments: rows, exitTable: [1, 2, 0, 1, 0, 2]))
        #expect(both.unseen == [0, 2, 3, 4])
        #expect(both.completed == [[0.5, 0.01], [1.5, 0.03], [0.01, 9], [nil, nil], [nil, nil], [-1, 1]])
        // By Eq. 12 where the model has increments, else as its table says.
        #expect(both.exitTable(tau: 0.05) == [1, 1, 0, 1, 0, 0])
        #expect(both.exitTable(tau: 0.005) == [2, 2, 2, 1, 0, 0])
        #expect(calibration(.init(increments: nil, exitTable: [1, 2, 0, 1, 0, 2])).exitTable(tau: 0.05) == [1, 1, 0, 1, 0, 0])
        #expect(calibration(nil).exitTable(tau: 0.05) == [2, 1, 2, 2, 2, 0])
        let note = try #require(both.note(tau: 0.05))
        #expect(note.contains("class 0 (exit 1), 2 (exit 0), 3 (exit 1), 4 (exit 0)") && note.contains("kept"))
        #expect(calibration(nil).note(tau: 0.05)?.contains("all sub-decoders") == true)
    }

    @Test func theOutlookFollowsTheClassifier() throws {
        let outlook = try #require(calibration(.label).outlook(table: [2, 1, 2, 2, 2, 0], tau: 0.05))
        #expect(outlook.dRate == 1.0 / 8)
        // Image 0: 200 + 300 over 200 bytes; image 1: 10 + 0.
        let expected = (10 * log10(255 * 255 * 200 / 500.0) + 10 * log10(255 * 255 * 200 / 10.0)) / 2
        #expect(abs(outlook.psnr - expected) < 1e-12)
        let sweep = calibration(.label).sweep([0.03, 0.05])
        #expect(sweep.map(\.tau) == [0.03, 0.05, nil])
        #expect(sweep.last?.dRate == 1)
    }

    @Test(arguments: [(64, 64, 1), (50, 37, 1), (150, 100, 6)])
    func measuresWhatTheProductRestores(_ width: Int, _ height: Int, _ count: Int) throws {
        let scene = try Scene()
        let pair = try scene.pair("p", width: width, height: height, seed: 9)
        let network = try Scene.network()
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        let calibrator = Calibrator(network, tile: try Scene.tile(), thresholds: .gopro, team: team)
        #expect(calibrator.tiles(of: pair) == count)
        try calibrator.add(pair)
        let tiles = calibrator.tiles
        #expect(tiles.count == count)
        #expect(tiles.reduce(0) { $0 + $1.bytes } == width * height * 3)

        let truth = try MetricFixtures.picture(pair.sharp)
        func psnr(_ depth: Int) -> Double {
            let squares = tiles.reduce(0) { $0 + $1.squares[depth] }
            return 10 * log10(255 * 255 * Double(truth.bytes.count) / squares)
        }
        #expect(abs(psnr(0) - PSNR.decibels(try MetricFixtures.picture(pair.blur), truth)) < 1e-9)
        guard count == 1 else { return }
        // A lone tile is the picture: what calibrate sums is what image makes.
        let sharp = try Scene.floats(pair.sharp)
        for depth in 1...3 {
            let restored = try Scene.restored(pair, network, exit: .fixed(depth))
            #expect(abs(psnr(depth) - PSNR.decibels(Scene.bytes(restored), truth)) < 1e-9)
            let squares = zip(restored.pixels, sharp.pixels).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            let expected = PSNR.decibels(meanSquare: squares / Double(truth.bytes.count))
            #expect(abs(tiles[0].psnr[depth] - expected) < 1e-4)
        }
    }

    @Test func labelsCountTheThresholdsThatAreExceeded() {
        let gopro = DegradationThresholds.gopro
        #expect([19.9, 20, 20.1, 33, 40, 40.1, .infinity].map { gopro.label(psnr: $0) } == [0, 0, 1, 3, 4, 5, 5])
        #expect(DegradationThresholds.published(classes: 8) == .realBlurR)
        #expect(DegradationThresholds.published(classes: 7) == nil)
    }

    @Test func tablesInWords() {
        let text = calibration(.label).table
        #expect(text.contains("| 1 20 to 25 dB "))
        #expect(text.contains(" +1.5000 | +0.0300 |"))
        let sweep = Calibration.table(of: calibration(.label).sweep([0.05]))
        #expect(sweep.contains("2,1,2,2,2,0"))
        #expect(sweep.contains("12.5 %"))
    }

    @Test func thePlotShowsEveryClassWithSamples() {
        let picture = IncrementPlot(calibration(.label), tau: 0.05, title: "test").draw()
        let colours = Set(stride(from: 0, to: picture.bytes.count, by: 3).map { Array(picture.bytes[$0..<$0 + 3]) })
        // Background, ink, rules, and a colour for each of the six classes in the legend at least.
        #expect(colours.count >= 9)
    }
}
