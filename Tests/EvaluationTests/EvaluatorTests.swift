import Evaluation
import Files
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
        let saved = scene.path("out/deep/p.png")
        let record = try evaluator.run(pair, saving: saved)

        let expected = Scene.bytes(try Scene.restored(pair, network, exit: .fixed(2)))
        let truth = try MetricFixtures.picture(pair.sharp)
        #expect(try MetricFixtures.picture(saved) == expected)
        #expect(record.psnr == PSNR.decibels(expected, truth))
        #expect(record.ssim == SSIM.volume(expected, truth))
        #expect(record.blurredPSNR == PSNR.decibels(try MetricFixtures.picture(pair.blur), truth))
        #expect(record.run?.tiles == evaluator.tiles(of: pair))
        #expect(record.run?.tiles == 6)
        #expect(record.run?.subDecoderRuns == 12)
        #expect(record.run?.exits == ["2": 6])
        let blurred = try #require(record.blurredPSNR)
        #expect(record.gain == record.psnr - blurred)

        // The saved picture scored without a model: the same scores.
        let scorer = ResultScorer(scoring: .plain)
        let finished = try scorer.score(saved, named: "p", against: pair.sharp, blur: pair.blur)
        #expect(finished.run == nil && finished.blurredPSNR == record.blurredPSNR)
        #expect(finished.psnr == record.psnr && finished.ssim == record.ssim)
        #expect(try scorer.score(saved, named: "p", against: pair.sharp).gain == nil)
        let other = try scene.pair("q", width: 30, height: 40, seed: 4).sharp
        #expect(throws: EvaluationError.resultSize(name: "p", file: "\(saved)", actual: [150, 90], sharp: [30, 40])) {
            try scorer.score(saved, named: "p", against: other)
        }
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

    private func record(
        _ psnr: Double, blurred: Double?, runs: Int? = nil, name: String? = nil, aligned: Bool? = nil
    ) -> EvaluationRecord {
        EvaluationRecord(
            name: name ?? "\(psnr)", width: 8, height: 8, scores: Scores(psnr: psnr, ssim: psnr / 40, isAligned: aligned),
            blurredPSNR: blurred,
            run: runs.map { .init(tiles: 4, subDecoderRuns: $0, exits: ["1": 2, "10": 1, "2": 1], anomalies: 0, seconds: 2) })
    }

    @Test func theReportIsTheMeanOfItsPictures() throws {
        var report = EvaluationReport(dataSet: "GoPro | test", model: "m@1", scoring: .plain, subDecoders: 4)
        #expect(report.mean == nil && report.dRate == nil && report.spreadTable.isEmpty)
        for (psnr, runs) in [(30.0, 4), (34.0, 12)] { report.images.append(record(psnr, blurred: psnr * 0.9, runs: runs)) }
        #expect(report.mean?.psnr == 32)
        #expect(abs((report.mean?.gain ?? 0) - 3.2) < 1e-12)
        #expect(report.dRate == 0.5)
        #expect(
            report.summary == """
                | data set      | images | PSNR dB |   SSIM | blurred PSNR dB | ΔPSNR dB | D-Rate | s/image |
                | ------------- | -----: | ------: | -----: | --------------: | -------: | -----: | ------: |
                | GoPro \\| test |      2 |  32.000 | 0.8000 |          28.800 |   +3.200 | 50.0 % |    2.00 |

                """)
        #expect(report.details.contains("| 1=2 2=1 10=1 |"))
        #expect(report.spreadTable.contains("| PSNR dB         |  2.828 | 30.000 | 31.000 | 32.000 | 33.000 | 34.000 |"))
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
        #expect(json?["d_rate"] as? Double == 0.5)
        #expect((json?["mean"] as? [String: Any])?["psnr"] as? Double == 32)
        let spread = (json?["spread"] as? [String: Any])?["psnr"] as? [String: Double]
        #expect(
            spread?["median"] == 32 && spread?["quartile_1"] == 31 && abs((spread?["standard_deviation"] ?? 0) - 8.0.squareRoot()) < 1e-12)
        #expect(report.notes.isEmpty)
    }

    /// A result that equals its sharp picture has no finite PSNR: it is told, and spoils no mean.
    @Test func infinityIsInNoMean() throws {
        var report = EvaluationReport(dataSet: "d", model: nil, scoring: .plain, subDecoders: nil)
        report.images = [
            record(30, blurred: 28), record(.infinity, blurred: 29, name: "e"), record(31, blurred: .infinity),
        ]
        #expect(report.mean?.psnr == 30.5 && report.mean?.blurredPSNR == 28.5 && report.mean?.gain == 2)
        #expect(!report.summary.contains("inf") && !report.details.contains("inf") && report.details.contains("equal"))
        #expect(report.notes.count == 2 && report.notes[0].hasPrefix("1 of 3 pictures came out equal"))
        report.images = [record(.infinity, blurred: .infinity)]
        #expect(report.mean?.psnr == nil && report.summary.contains("|       - |"))
    }

    @Test func csvHasARowPerPicture() {
        var report = EvaluationReport(dataSet: "d", model: "m", scoring: .plain, subDecoders: 4)
        report.images = [record(30, blurred: 28, runs: 4, name: "a,\"b\""), record(20, blurred: nil)]
        #expect(
            report.csv == """
                name,width,height,psnr,psnr_blurred,psnr_gain,ssim,aligned,exits,tiles,sub_decoder_runs,d_rate,anomalies,seconds
                "a,""b""\",8,8,30.0,28.0,2.0,0.75,,1=2 2=1 10=1,4,4,0.25,0,2.0
                20.0,8,8,20.0,,,0.5,,,,,,,

                """)
        #expect(report.notes == ["1 of 2 pictures were there from an earlier run: in no D-Rate and no time"])
    }
}
