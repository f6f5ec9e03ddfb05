import Foundation
import Images
import Network
import TestSupport
import Testing
import Tiles

/// A case of known answers on its way through network and scheduler.
struct ReferenceRun {
    let reference: ReferenceCase
    let network: AdaRevD
    let image: FloatImage
    let mode: EncodingMode
    let threads: Int

    init(
        _ reference: ReferenceCase, network: AdaRevD? = nil, classifier: String? = nil, feature: String? = nil,
        mode: EncodingMode? = nil, threads: Int = 2
    ) throws {
        self.reference = reference
        self.network = try network ?? Self.network(reference, classifier: classifier, feature: feature)
        self.mode = mode ?? (reference.configuration.mode == "A" ? .whole : .tile)
        self.threads = threads
        image = try Self.image(reference)
    }

    private static func network(
        _ reference: ReferenceCase, classifier: String?, feature: String?
    ) throws -> AdaRevD {
        var configuration = ModelConfiguration(name: reference.folder.lastPathComponent)
        configuration.regressorInput = (feature ?? reference.configuration.feature).flatMap { .init(rawValue: $0) }
        return try AdaRevD(archive: reference.archive(classifier: classifier), configuration: configuration)
    }

    /// A picture, or planes `(3, height, width)`.
    private static func image(_ reference: ReferenceCase) throws -> FloatImage {
        if let name = reference.configuration.input {
            let array = try NumPyArray(contentsOf: reference.file(name))
            let image = FloatImage(width: array.shape[2], height: array.shape[1])
            let plane = image.width * image.height
            for i in 0..<plane * 3 { image.pixels[i] = array.floats[i % 3 * plane + i / 3] }
            return image
        }
        let decoded = try Image.decode([UInt8](Data(contentsOf: reference.file("input.png"))))
        let image = FloatImage(width: decoded.raster.width, height: decoded.raster.height)
        decoded.raster.readRGB(x: 0, y: 0, width: image.width, height: image.height, into: image.pixels.baseAddress!)
        return image
    }

    /// - Parameter threshold: instead of the configuration's.
    func policy(threshold: ReferenceCase.Threshold? = nil) -> ExitPolicy {
        if let exits = reference.configuration.exits { return .table(exits) }
        switch threshold ?? reference.configuration.threshold {
        case .one(let tau): return .regressor(thresholds: [Float](repeating: tau, count: network.subDecoders - 1))
        case .steps(let steps): return .regressor(thresholds: steps)
        case nil: return .fixed(network.subDecoders)
        }
    }

    /// The result, `(3, height, width)` before the clamp.
    func restore(_ style: BlendStyle, _ policy: ExitPolicy) throws -> ([Float], RestorationReport) {
        let tile = try TileSize(side: reference.configuration.tile, overlap: reference.configuration.overlap)
        let scheduler = TileScheduler(network: network, configuration: .init(threads: threads, tile: tile))
        defer { scheduler.stop() }
        let result = FloatImage(width: image.width, height: image.height)
        let options = RestorationOptions(exit: policy, mode: mode, blend: style, tileGuard: nil)
        let report = try scheduler.restore(source: image, sink: result, options: options)
        let plane = image.width * image.height
        return ((0..<3 * plane).map { result.pixels[$0 % plane * 3 + $0 / plane] }, report)
    }

    /// - Parameters:
    ///   - expected: a file with the result, or every n-th row and column of it.
    ///   - policy: instead of the configuration's.
    func check(_ style: BlendStyle, _ expected: String, policy chosen: ExitPolicy? = nil) throws {
        let what = "\(reference.folder.lastPathComponent), \(style), \(mode), \(threads) threads"
        let (output, report) = try restore(style, chosen ?? policy())
        #expect(report.tiles.map(\.rectangle.x) == reference.tiles.map(\.x), "\(what)")
        #expect(report.tiles.map(\.rectangle.y) == reference.tiles.map(\.y), "\(what)")
        if reference.configuration.mode != "tile" {
            #expect(report.tiles.map(\.exit) == reference.tiles.map(\.exit), "\(what)")
        }
        for (record, tile) in zip(report.tiles, reference.tiles) where !record.logits.isEmpty {
            if let wanted = tile.degradationClass { #expect(record.degradationClass == wanted, "\(what)") }
            if let logits = tile.logits { #expect(maxAbsoluteDifference(record.logits, logits) <= 1e-3, "\(what)") }
        }

        let plane = image.width * image.height
        let wanted = try NumPyArray(contentsOf: reference.file(expected))
        let step = reference.configuration.expectedStride ?? 1
        var got: [Float] = [], residual: [Float] = []
        for channel in 0..<3 {
            for y in stride(from: 0, to: image.height, by: step) {
                for x in stride(from: 0, to: image.width, by: step) {
                    residual.append(wanted.floats[got.count] - image[y, x, channel])
                    got.append(output[channel * plane + y * image.width + x])
                }
            }
        }
        #expect(got.count == wanted.floats.count, "\(what)")
        let error = maxAbsoluteDifference(got, wanted.floats)
        let room = try Float32Room.of(reference.folder)
        #expect(error <= room, "\(what): \(error), \(error / standardDeviation(residual))·s")
        print("\(network.kernels.name), \(what): off by \(error / room) of what float32 may")
    }
}
