import Foundation
import Images
import Testing

/// `DEBLUR_SPEED=1 swift test -c release --filter SpeedTests` prints what the way of a 24-megapixel photo costs.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DEBLUR_SPEED"] != nil), .serialized)
struct SpeedTests {
    /// 6000 × 4000 of smooth texture with a little noise, roughly as hard to code as a photo.
    private static func photo() throws -> Raster {
        let raster = try Raster(width: 6000, height: 4000, channels: 3, bitDepth: 8)
        var random = SplitMix64(seed: 1)
        for y in 0..<4000 {
            raster.withMutableRow(y) { row in
                for x in 0..<6000 {
                    let base = 128 + 80 * sin(Double(x) / 37) * cos(Double(y) / 53)
                    let noise = Int(random.next() & 7)
                    for c in 0..<3 { row[3 * x + c] = UInt8(Int(base) + 10 * c + noise) }
                }
            }
        }
        return raster
    }

    private func report<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
        let start = CPUTime.seconds
        let result = try body()
        print(String(format: "%@: %.3f s of one core", name, CPUTime.seconds - start))
        return result
    }

    @Test(arguments: ImageFormat.allCases) func wayThroughTheService(_ format: ImageFormat) throws {
        let options = EncodeOptions(format: format, quality: 92)
        let traits = try ImageHeader.read(Card.file("420.jpg")).jpeg
        let file = try Image(raster: Self.photo(), format: format, jpeg: traits).encode(options)
        print("\(format), \(file.count) bytes")
        let start = CPUTime.seconds
        let image = try report("decode") { try Image.decode(file) }
        let raster = image.raster
        var rows = [Float](repeating: 0, count: 64 * raster.width * 3)
        for pass in ["readRGB", "writeRows"] {
            report(pass) {
                for y in stride(from: 0, to: raster.height, by: 64) {
                    let count = min(64, raster.height - y)
                    if pass == "readRGB" {
                        raster.readRGB(x: 0, y: y, width: raster.width, height: count, into: &rows)
                    } else {
                        raster.writeRows(y, count: count, from: rows)
                    }
                }
            }
        }
        let output = try report("encode") { try image.encode(options) }
        print(String(format: "together: %.3f s, %d bytes", CPUTime.seconds - start, output.count))
        #expect(CPUTime.seconds - start < (format == .jpeg ? 1.5 : 4))
    }
}
