import Evaluation
import Foundation
import Testing
import Tiles

struct EvaluatorTests {
    @Test func scoresWhatTheNetworkMakes() throws {
        let scene = try Scene()
        let pair = try scene.pair("p", width: 150, height: 90, seed: 4)
        let network = try Scene.network()
        let scheduler = TileScheduler(network: network, configuration: .init(threads: 2, tile: try Scene.tile()))
        defer { scheduler.stop() }
        let evaluator = Evaluator(
            scheduler: scheduler, options: RestorationOptions(exit: .fixed(2), tileGuard: nil), scoring: .plain)
        let saved = scene.folder.appending(path: "out/deep/p.png")
        let record = try evaluator.run(pair, saving: saved)

        let expected = Scene.bytes(try Scene.restored(pair, network, exit: .fixed(2)))
        let truth = try MetricFixtures.picture(pair.sharp)
        #expect(try MetricFixtures.picture(saved) == expected)
        #expect(record.psnr == PSNR.decibels(expected, truth))
        #expect(record.ssim == SSIM.volume(expected, truth))
        #expect(record.blurredPSNR == PSNR.decibels(try MetricFixtures.picture(pair.blur), truth))
        #expect(record.tiles == evaluator.tiles(of: pair))
        #expect(record.tiles == 6)
        #expect(record.subDecoderRuns == 12)
        #expect(record.exits == ["2": 6])
    }

    @Test func refusesPairsOfTwoSizes() throws {
        let scene = try Scene()
        var pair = try scene.pair("p", width: 40, height: 30, seed: 4)
        pair.sharp = try scene.pair("q", width: 30, height: 40, seed: 4).sharp
        let scheduler = TileScheduler(
            network: try Scene.network(), configuration: .init(threads: 1, tile: try Scene.tile()))
        defer { scheduler.stop() }
        let evaluator = Evaluator(scheduler: scheduler, options: RestorationOptions(exit: .fixed(1)), scoring: .plain)
        #expect(throws: EvaluationError.sizes(name: "p", blur: [40, 30], sharp: [30, 40])) { try evaluator.run(pair) }
    }

    @Test func theReportIsTheMeanOfItsPictures() throws {
        var report = EvaluationReport(dataSet: "GoPro | test", model: "m@1", scoring: .plain, subDecoders: 4)
        #expect(report.mean == nil && report.dRate == nil)
        for (psnr, runs) in [(30.0, 4), (34.0, 12)] {
            report.images.append(
                EvaluationRecord(
                    name: "\(psnr)", width: 8, height: 8, psnr: psnr, ssim: psnr / 40, isAligned: nil,
                    blurredPSNR: psnr - 4, tiles: 4, subDecoderRuns: runs, exits: ["1": 2, "10": 1, "2": 1],
                    anomalies: 0, seconds: 2))
        }
        #expect(report.mean?.psnr == 32)
        #expect(report.mean?.blurredPSNR == 28)
        #expect(report.dRate == 0.5)
        #expect(
            report.summary == """
                | data set      | images | PSNR dB |   SSIM | blurred PSNR dB | D-Rate | s/image |
                | ------------- | -----: | ------: | -----: | --------------: | -----: | ------: |
                | GoPro \\| test |      2 |  32.000 | 0.8000 |          28.000 | 50.0 % |    2.00 |

                """)
        #expect(report.details.contains("| 1=2 2=1 10=1 |"))
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
        #expect(json?["d_rate"] as? Double == 0.5)
        #expect((json?["mean"] as? [String: Any])?["psnr"] as? Double == 32)
    }
}
