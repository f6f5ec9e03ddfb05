import Evaluation
import Files
import Foundation
import Images
import TestSupport

/// Pictures and scores that `Tests/Fixtures/metrics/make.py` wrote.
struct MetricFixtures: Decodable {
    struct Pair: Decodable {
        let psnr, ssim_gopro, ssim_gopro_float64: Double
        let psnr_realblur_without_alignment, ssim_realblur_without_alignment: Double
    }

    struct Aligned: Decodable {
        let found: Bool
        let homography: [Double]
        let psnr, ssim: Double
    }

    let pairs: [Pair]
    let moved: [Aligned]
    let hopeless: Aligned

    static let folder = Goldens.repository.appending(path: "Tests/Fixtures/metrics")

    static func load() throws -> MetricFixtures {
        try JSONDecoder().decode(
            MetricFixtures.self, from: Data(contentsOf: folder.appending(path: "scores.json")))
    }

    static func picture(_ name: String) throws -> ByteImage {
        try picture(folder.appending(path: name))
    }

    static func picture(_ file: FilePath) throws -> ByteImage {
        try ByteImage(Image.decode(FileInput.file(file).read()).raster)
    }

    static func picture(_ url: URL) throws -> ByteImage {
        try ByteImage(Image.decode([UInt8](Data(contentsOf: url))).raster)
    }
}
