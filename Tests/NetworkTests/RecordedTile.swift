import Checkpoints
import Foundation
import Images
import Kernels
import Network
import TestSupport

/// A picture as the network sees it, `(height, width, 3)`, 0…1.
struct Picture {
    var height: Int
    var width: Int
    var pixels: [Float]

    init(height: Int, width: Int, pixels: [Float]) {
        self.height = height
        self.width = width
        self.pixels = pixels
    }

    init(png: URL) throws {
        let image = try Image.decode([UInt8](Data(contentsOf: png)))
        height = image.raster.height
        width = image.raster.width
        pixels = [Float](repeating: 0, count: height * width * 3)
        let (height, width) = (height, width)
        pixels.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress {
                image.raster.readRGB(x: 0, y: 0, width: width, height: height, into: start)
            }
        }
    }
}

extension AdaRevDSteps {
    /// The encoder, and the classifier where asked.
    @discardableResult
    func encode(
        _ picture: Picture, classify: Bool = false, index: Int = 0,
        observe: ((Int, UnsafePointer<Float>) -> Void)? = nil
    ) -> TileAssessment {
        picture.pixels.withUnsafeBufferPointer { pixels in
            let source = TileInput.Source.pixels(pixels.baseAddress!)
            return encode(
                TileInput(source, height: picture.height, width: picture.width, index: index), classify: classify,
                observe: observe)
        }
    }
}

/// One tile through a network, everything on the way kept. Maps are `(height, width, channels)`.
struct RecordedTile {
    /// e_0…e_4 before the feature scales.
    var encoder: [[Float]] = []
    /// κ at scales 1/2 and 1/4, averaged over its channels; empty without a kernel branch.
    var blurMeans: [[Float]] = []
    var logits: [Float] = []
    var degradationClass: Int?
    /// Per sub-decoder: maps at scale 0…3.
    var decoded: [[[Float]]] = []
    /// Per sub-decoder: restored − input.
    var residuals: [[Float]] = []

    /// - Parameter probe: looks at the kernel branch.
    init(
        _ network: AdaRevD, _ picture: Picture, team: ThreadTeam = ThreadTeam(threads: 1), probe: BlurProbe? = nil
    ) {
        let steps = AdaRevDSteps(network, team: team)
        steps.blurProbe = probe
        var features: [[Float]] = []
        let assessment = steps.encode(picture, classify: true) { scale, map in
            let count = (picture.height >> scale) * (picture.width >> scale) * (network.architecture.width << scale)
            features.append(Array(UnsafeBufferPointer(start: map, count: count)))
        }
        encoder = features
        blurMeans = (1...2).map { scale in
            let kernels = steps.blur(atScale: scale)
            return stride(from: 0, to: kernels.count, by: 361).map { start in
                Float(kernels[start..<start + 361].reduce(0.0) { $0 + Double($1) } / 361)
            }
        }
        logits = assessment.logits
        degradationClass = assessment.degradationClass
        for depth in 1...network.subDecoders {
            steps.advance(to: depth)
            decoded.append((0..<4).map { steps.features(atScale: $0) })
            var residual = [Float](repeating: .nan, count: picture.pixels.count)
            steps.writeResidual(ofExit: depth, to: &residual)
            residuals.append(residual)
        }
        team.stop()
    }
}

/// `(channels, height, width)` as files have it, from our `(height, width, channels)`.
func planar(_ map: [Float], channels: Int) -> [Float] {
    let pixels = map.count / channels
    var planes = [Float](repeating: 0, count: map.count)
    for pixel in 0..<pixels {
        for channel in 0..<channels { planes[channel * pixels + pixel] = map[pixel * channels + channel] }
    }
    return planes
}

/// The reverse.
func interleaved(_ planes: [Float], channels: Int) -> [Float] {
    let pixels = planes.count / channels
    var map = [Float](repeating: 0, count: planes.count)
    for pixel in 0..<pixels {
        for channel in 0..<channels { map[pixel * channels + channel] = planes[channel * pixels + pixel] }
    }
    return map
}

extension AdaRevD {
    /// The tensors of a file, without any description.
    convenience init(weights: URL, entry: TensorArchive.Entry? = nil, kernels: KernelSet = .best) throws {
        try self.init(
            archive: TensorArchive(contentsOf: weights, entry: entry), configuration: ModelConfiguration(name: "weights"),
            kernels: kernels)
    }
}
