import Files
import Images
import Tiles

/// The pixels of a pair.
struct LoadedPair {
    let name: String
    let blur: Raster
    let truth: ByteImage

    /// - Throws: `ImageError`, ``EvaluationError/sizes(name:blur:sharp:)``, or `FileError`.
    init(_ pair: ImagePair, limits: ImageLimits) throws {
        name = pair.name
        blur = try Self.decode(pair.blur, limits)
        let sharp = try Self.decode(pair.sharp, limits)
        guard blur.width == sharp.width, blur.height == sharp.height else {
            throw EvaluationError.sizes(
                name: pair.name, blur: [blur.width, blur.height], sharp: [sharp.width, sharp.height])
        }
        truth = ByteImage(sharp)
    }

    static func decode(_ file: FilePath, _ limits: ImageLimits) throws -> Raster {
        try Image.decode(FileInput.file(file).read(), limits: limits).raster
    }
}

extension Raster {
    /// The pixels as the network sees them: RGB, 0…1.
    func floats() -> FloatImage {
        let image = FloatImage(width: width, height: height)
        readRGB(x: 0, y: 0, width: width, height: height, into: image.pixels.baseAddress!)
        return image
    }
}
