import Foundation
import Images
import Service
import Tiles

/// Takes one file through decoding, network and encoding.
struct ImageRestorer {
    let scheduler: TileScheduler
    let options: RestorationOptions
    let quality: Int?
    let metadata: EncodeOptions.MetadataPolicy
    /// Shows the network at work on each picture; nil does not.
    var stages: StageFolder?

    /// Whose machine it is decides how large a photo may be; this only refuses what cannot be a photo.
    static let limits = ImageLimits(maxPixels: 4_000_000_000)

    /// - Returns: the report's entry.
    /// - Throws: `ImageError`, `TilesError`, and what the file system says.
    func run(_ item: ImageBatch.Item, progress: @escaping @Sendable (TileProgress) -> Void) throws -> ImageReport.File {
        let clock = ContinuousClock()
        var milliseconds = ImageReport.Milliseconds()
        var began = clock.now
        func lap() -> Double {
            defer { began = clock.now }
            return ((clock.now - began) / .microseconds(1)).rounded() / 1e3
        }

        let image = try Image.decode([UInt8](Data(contentsOf: item.input)), limits: Self.limits)
        milliseconds.decode = lap()
        try stages?.write(image.raster, of: item, options)
        if stages != nil { began = clock.now }
        let pixels = RasterPixels(image.raster)
        let output: [UInt8]
        let report: RestorationReport
        let format = item.output.pathExtension.lowercased()
        if format == "npy" {
            let floats = FloatImage(width: pixels.width, height: pixels.height)
            report = try scheduler.restore(source: pixels, sink: floats, options: options, progress: progress)
            milliseconds.infer = lap()
            guard let base = floats.pixels.baseAddress else { throw ImageError.outOfMemory }
            output = NPYFile.encode(base, height: floats.height, width: floats.width)
        } else {
            report = try scheduler.restore(source: pixels, sink: pixels, options: options, progress: progress)
            milliseconds.infer = lap()
            output = try image.encode(
                EncodeOptions(format: format == "png" ? .png : .jpeg, quality: quality, metadata: metadata))
        }
        try FileManager.default.createDirectory(
            at: item.output.deletingLastPathComponent(), withIntermediateDirectories: true)
        // Under another name first: who interrupts finds no half-written result that --skip-existing would trust.
        try Data(output).write(to: item.output, options: .atomic)
        milliseconds.encode = lap()
        return ImageReport.File(
            input: item.input.path, output: item.output.path, status: .done, width: pixels.width,
            height: pixels.height, tiles: report.tiles.map(ImageReport.Tile.init),
            exits: Dictionary(uniqueKeysWithValues: report.exits.map { (String($0.key), $0.value) }),
            milliseconds: milliseconds)
    }

    /// Tiles of a file, judged by its header; nil when it cannot be read.
    func tiles(of file: URL) -> Int? {
        guard let data = try? Data(contentsOf: file, options: .mappedIfSafe),
            let header = try? data.withUnsafeBytes({ try ImageHeader.read(RawSpan(_unsafeBytes: $0)) })
        else { return nil }
        return try? scheduler.grid(width: header.width, height: header.height).count
    }
}
