import Evaluation
import Files
import Foundation
import Images
import Network
import TestSupport
import Tiles

/// Folders, pictures and networks for tests.
struct Scene: ~Copyable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "evaluation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// A file or folder in it.
    func path(_ name: String) -> FilePath { FilePath(folder.appending(path: name).path) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// An empty file of that name, its folders too.
    func touch(_ path: String) throws {
        let url = folder.appending(path: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
    }

    /// A smooth random picture and a smoother one, as a pair of PNG files.
    func pair(_ name: String, width: Int, height: Int, seed: UInt64) throws -> ImagePair {
        var random = SeededRandom(seed: seed)
        let coarse = (0..<12).map { _ in (random.uniform(0.02, 0.5), random.uniform(0.02, 0.5), random.uniform(0, 6)) }
        func picture(_ sharpness: Float, _ file: String) throws -> URL {
            let raster = try Raster(width: width, height: height, channels: 3, bitDepth: 8)
            for y in 0..<height {
                raster.withMutableRow(y) { row in
                    for i in 0..<width * 3 {
                        let wave = coarse[i % 3 * 4..<i % 3 * 4 + 4].enumerated().reduce(Float(0)) { sum, item in
                            let (fx, fy, phase) = item.element
                            let weight = item.offset < 2 ? 1 : sharpness
                            return sum + weight * sin(fx * Float(i / 3) + fy * Float(y) + phase)
                        }
                        row[i] = UInt8(min(max(127 + 30 * wave, 0), 255))
                    }
                }
            }
            let url = folder.appending(path: file)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(Image(raster: raster).encode(EncodeOptions(format: .png))).write(to: url)
            return url
        }
        return ImagePair(
            key: FilePath(name), blur: FilePath(try picture(0.4, "blur/\(name).png").path),
            sharp: FilePath(try picture(1, "sharp/\(name).png").path))
    }

    /// Small and random: what it does to a picture is nonsense, but always the same.
    static func network(seed: UInt64 = 3) throws -> AdaRevD {
        try AdaRevD(
            random: Architecture(
                encoder: .nafnet, width: 8, encoderBlocks: [1, 1, 1, 1], subDecoders: 3,
                exitHead: .classifier(input: .e3, classes: 6)),
            seed: seed)
    }

    static func tile() throws -> TileSize { try TileSize(side: 64, overlap: 16) }

    /// A picture through the network by the product's own path, unclamped.
    static func restored(
        _ pair: ImagePair, _ network: AdaRevD, exit: ExitPolicy, mode: EncodingMode = .tile
    ) throws -> FloatImage {
        let scheduler = TileScheduler(network: network, configuration: .init(threads: 1, tile: try tile()))
        defer { scheduler.stop() }
        let image = try floats(pair.blur)
        _ = try scheduler.restore(
            source: image, sink: image, options: RestorationOptions(exit: exit, mode: mode, tileGuard: nil))
        return image
    }

    static func floats(_ file: FilePath) throws -> FloatImage {
        let raster = try Image.decode(FileInput.file(file).read()).raster
        let image = FloatImage(width: raster.width, height: raster.height)
        raster.readRGB(x: 0, y: 0, width: raster.width, height: raster.height, into: image.pixels.baseAddress!)
        return image
    }

    static func bytes(_ image: FloatImage) -> ByteImage {
        ByteImage(width: image.width, height: image.height, values: UnsafeBufferPointer(image.pixels))
    }
}
