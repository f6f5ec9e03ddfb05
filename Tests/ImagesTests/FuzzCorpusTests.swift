import Images
import TestSupport
import Testing

/// Replays what the fuzzing campaign learnt (Tests/fuzz), without its sanitizers.
struct FuzzCorpusTests {
    @Test func inputsAreRefusedOrWrittenAgain() throws {
        // The campaign's limit; what is larger is refused from the header.
        let limits = ImageLimits(maxPixels: 1 << 16, maxScans: 20)
        var decoded = 0
        let inputs = try FuzzInput.corpus("images")
        for (number, input) in inputs.enumerated() {
            guard let image = try? Image.decode(input, limits: limits) else { continue }
            decoded += 1
            #expect(image.raster.width * image.raster.height <= limits.maxPixels, "input \(number)")
            let png = try Image.decode(image.encode(EncodeOptions(format: .png)))
            #expect(samples(png.raster) == samples(image.raster), "input \(number)")
            let isTooLong = max(image.raster.width, image.raster.height) > 65500
            guard !isTooLong else { continue }
            let jpeg = try Image.decode(image.encode(EncodeOptions(format: .jpeg)))
            #expect(jpeg.raster.width == image.raster.width && jpeg.raster.height == image.raster.height)
        }
        print("fuzzing corpus of pictures: \(decoded) of \(inputs.count) decoded")
        // The seeds alone are 80 sound files.
        #expect(inputs.count > 200 && decoded > 80 && decoded < inputs.count)
    }

    private func samples(_ raster: Raster) -> [[UInt8]] {
        (0..<raster.height).flatMap { y in
            [raster.withRow(y) { Array($0) }, raster.withAlphaRow(y) { $0.map { Array($0) } ?? [] }]
        }
    }
}
