import Deblur
import Evaluation
import Files
import Foundation
import Images
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

    /// - Parameter progress: on a worker thread after each tile.
    /// - Returns: the report's entry.
    /// - Throws: `ImageError`, `TilesError`, `FileError`.
    func run(_ item: ImageBatch.Item, progress: @escaping @Sendable (TileProgress) -> Void) throws -> ImageReport.File {
        let clock = ContinuousClock()
        var milliseconds = ImageReport.Milliseconds()
        var began = clock.now
        func lap() -> Double {
            defer { began = clock.now }
            return ((clock.now - began) / .microseconds(1)).rounded() / 1e3
        }

        let image = try Image.decode(Self.bytes(of: item.input), limits: Self.limits)
        milliseconds.decode = lap()
        try stages?.write(image.raster, of: item, options)
        if stages != nil { began = clock.now }
        let pixels = RasterPixels(image.raster)
        let output: [UInt8]
        let report: RestorationReport
        let format = item.format ?? OutputFormat(image.header.format)
        if format == .npy {
            let floats = FloatImage(width: pixels.width, height: pixels.height)
            report = try scheduler.restore(source: pixels, sink: floats, options: options, progress: progress)
            milliseconds.infer = lap()
            guard let base = floats.pixels.baseAddress else { throw ImageError.outOfMemory }
            output = NPYFile.encode(base, height: floats.height, width: floats.width)
        } else {
            report = try scheduler.restore(source: pixels, sink: pixels, options: options, progress: progress)
            milliseconds.infer = lap()
            output = try image.encode(
                EncodeOptions(format: format == .png ? .png : .jpeg, quality: quality, metadata: metadata))
        }
        // The output folder itself is there; this makes those of the tree below it.
        if case .file(let path) = item.output, path.descriptor == nil { try path.parent.makeFolders() }
        try item.output.write(output)
        milliseconds.encode = lap()
        var entry = ImageReport.File(item, .done)
        entry.format = format.rawValue
        if format == .jpeg, image.raster.hasAlpha { entry.isFlattened = true }
        (entry.width, entry.height) = (pixels.width, pixels.height)
        entry.tiles = report.tiles.map(ImageReport.Tile.init)
        entry.exits = Dictionary(uniqueKeysWithValues: report.exits.map { (String($0.key), $0.value) })
        entry.milliseconds = milliseconds
        return entry
    }

    /// What cannot be a picture is not read to its end, which may never come.
    private static func bytes(of input: FileInput) throws -> [UInt8] {
        try input.read { head in
            guard !head.isEmpty else { throw EmptyInput() }
            guard ImageFormat.sniff(head) != nil else { throw ImageError.unsupportedFormat }
        }
    }

    /// Tiles of a file, judged by its header; nil when it cannot be told without reading what can be read only once.
    func tiles(of item: ImageBatch.Item) -> Int? {
        guard case .file(let file) = item.input else { return nil }
        return file.tiles { try scheduler.grid(width: $0, height: $1, mode: options.mode) }
    }
}

/// An input without a byte.
struct EmptyInput: Error, CustomStringConvertible {
    let description = "There is nothing in it."
}
