import Evaluation
import Foundation
import TestSupport
import Testing

/// Scores against scikit-image, SciPy and OpenCV (figures in Tests/Fixtures/metrics) and the golden ones.
struct ScoreTests {
    @Test(arguments: 0..<10)
    func agreesWithScikitImage(_ index: Int) throws {
        let expected = try MetricFixtures.load().pairs[index]
        let truth = try MetricFixtures.picture("\(index)-truth.png")
        let test = try MetricFixtures.picture("\(index)-test.png")
        let plain = ScoreProtocol.plain.scores(of: test, against: truth)
        #expect(abs(plain.psnr - expected.psnr) < 1e-9)
        // The authors' arithmetic, rounding included, and not far from the same formula without it.
        #expect(abs(plain.ssim - expected.ssim_gopro) < 1e-6)
        #expect(abs(plain.ssim - expected.ssim_gopro_float64) < 1e-4)
        let unaligned = ScoreProtocol.unalignedScores(of: test, against: truth)
        // Values byte/255 are single precision here.
        #expect(abs(unaligned.psnr - expected.psnr_realblur_without_alignment) < 1e-6)
        #expect(abs(unaligned.ssim - expected.ssim_realblur_without_alignment) < 1e-6)
        #expect(unaligned.isAligned == nil)
    }

    @Test(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
    func agreesWithTheGoldenScores() throws {
        let truth = try MetricFixtures.picture(Goldens.file("metrics/truth.png"))
        let test = try MetricFixtures.picture(Goldens.file("metrics/test.png"))
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: Goldens.file("metrics/metrics.json")))
        let golden = try #require(json as? [String: Double])
        let plain = ScoreProtocol.plain.scores(of: test, against: truth)
        let unaligned = ScoreProtocol.unalignedScores(of: test, against: truth)
        for key in ["psnr_8bit", "psnr_float", "degradation_label_psnr"] {
            #expect(abs(plain.psnr - golden[key, default: 0]) < 1e-4, "\(key)")
        }
        for key in ["ssim_gopro_8bit", "ssim_gopro_float"] {
            #expect(abs(plain.ssim - golden[key, default: 0]) < 1e-5, "\(key)")
        }
        #expect(abs(unaligned.psnr - golden["psnr_realblur_without_alignment", default: 0]) < 1e-4)
        #expect(abs(unaligned.ssim - golden["ssim_realblur_without_alignment", default: 0]) < 1e-5)
        let label = PSNR.decibels(meanSquare: pow(10, -plain.psnr / 10))
        #expect(abs(label - golden["degradation_label_psnr", default: 0]) < 1e-4)
    }

    /// OpenCV estimates in single precision and samples at 1/32 of a pixel, so the two end a few thousandths of a pixel
    /// apart.
    @Test(arguments: 0..<3)
    func alignsAsOpenCVDoes(_ index: Int) throws {
        let expected = try MetricFixtures.load().moved[index]
        let truth = try MetricFixtures.picture("moved-\(index)-truth.png")
        let test = try MetricFixtures.picture("moved-\(index)-test.png")
        let scores = ScoreProtocol.aligned.scores(of: test, against: truth)
        #expect(scores.isAligned == true)
        #expect(abs(scores.psnr - expected.psnr) < 0.01, "\(scores.psnr) and \(expected.psnr)")
        #expect(abs(scores.ssim - expected.ssim) < 3e-4, "\(scores.ssim) and \(expected.ssim)")
        let unaligned = ScoreProtocol.unalignedScores(of: test, against: truth)
        #expect(unaligned.psnr < scores.psnr - 1)
    }

    @Test func comparesAsTheyAreWhatCannotBeAligned() throws {
        let expected = try MetricFixtures.load().hopeless
        #expect(!expected.found)
        let truth = try MetricFixtures.picture("hopeless-truth.png")
        let test = try MetricFixtures.picture("hopeless-test.png")
        let scores = ScoreProtocol.aligned.scores(of: test, against: truth)
        #expect(scores.isAligned == false)
        #expect(abs(scores.psnr - expected.psnr) < 1e-5)
        #expect(abs(scores.ssim - expected.ssim) < 1e-5)
    }

    @Test func aFlatPictureHasNoAlignment() {
        let flat = ByteImage(width: 30, height: 20, bytes: [UInt8](repeating: 90, count: 1800))
        let scores = ScoreProtocol.aligned.scores(of: flat, against: flat)
        #expect(scores.isAligned == false)
        #expect(scores.ssim == 1)
    }

    @Test func equalPicturesScoreInfinityAndOne() throws {
        let picture = try MetricFixtures.picture("0-truth.png")
        let scores = ScoreProtocol.plain.scores(of: picture, against: picture)
        #expect(scores.psnr == .infinity)
        #expect(abs(scores.ssim - 1) < 1e-9)
    }

    /// A GoPro frame's SSIM must not cost more than its network.
    @Test func aFrameTakesAboutASecond() {
        var random = SeededRandom(seed: 5)
        let (width, height) = (1280, 720)
        let truth = ByteImage(
            width: width, height: height,
            bytes: (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) })
        let test = ByteImage(width: width, height: height, bytes: truth.bytes.reversed())
        let clock = ContinuousClock()
        // Other tests take their share of the cores: the quickest of a few attempts counts.
        var quickest = Duration.seconds(1000)
        for _ in 0..<5 where quickest >= .seconds(5) {
            quickest = min(quickest, clock.measure { #expect(SSIM.volume(test, truth) < 0.1) })
        }
        print("3-D SSIM of 1280×720: \(quickest)")
        #expect(quickest < .seconds(5), "shared machines are slow, but not that slow")
    }
}
