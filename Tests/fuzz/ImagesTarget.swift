// libFuzzer's entry for the picture files. Compiled into the module Images (Tests/fuzz/build).
import CFuzz
import Glibc

/// Small, so that a run takes milliseconds; the limits' checks are the same for any number.
private let limits = ImageLimits(maxPixels: 1 << 16, minSide: 1, maxScans: 20)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzImages(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let header = try? ImageHeader.read(bytes) else {
        // What the header refuses, decoding refuses too.
        if (try? Image.decode(bytes, limits: limits)) != nil { fatalError("decoded without a header") }
        return 0
    }
    fuzz_heap_start()
    let image = try? Image.decode(bytes, limits: limits)
    let peak = fuzz_heap_peak()
    // The service reserves this much memory before it decodes. Refused by its header: hardly anything was held.
    if peak > header.decodeBytes {
        fatalError("decoding held \(peak) bytes, \(header.decodeBytes) were announced for \(header)")
    }
    if let image { checkRoundTrips(image) }
    return 0
}

/// What was decoded can be written and read again: PNG gives the same samples, both the same sides.
private func checkRoundTrips(_ image: Image) {
    for format in [ImageFormat.png, .jpeg] {
        for policy in EncodeOptions.MetadataPolicy.allCases {
            fuzz_heap_start()
            let file: [UInt8]
            do throws(ImageError) {
                file = try image.encode(EncodeOptions(format: format, metadata: policy))
            } catch {
                // One side of a tiny picture may be longer than JPEG can say.
                if case .unsupportedFeature = error, max(image.raster.width, image.raster.height) > 65500 { continue }
                fatalError("not written as \(format): \(error)")
            }
            let peak = fuzz_heap_peak()
            if peak > image.header.encodeBytes(as: format) {
                fatalError("encoding as \(format) held \(peak) bytes, \(image.header.encodeBytes(as: format)) announced")
            }
            do throws(ImageError) {
                let again = try Image.decode(file)
                check(again, against: image, samples: format == .png)
            } catch {
                fatalError("what was written as \(format) is not read: \(error)")
            }
        }
    }
}

private func check(_ again: Image, against image: Image, samples: Bool) {
    let (a, b) = (again.raster, image.raster)
    guard a.width == b.width, a.height == b.height, again.header.orientation == .upright else {
        fatalError("sides \(a.width)×\(a.height) \(again.header.orientation), not \(b.width)×\(b.height)")
    }
    guard samples else { return }
    guard a.channels == b.channels, a.bitDepth == b.bitDepth, a.hasAlpha == b.hasAlpha,
        memcmp(a.samples, b.samples, a.rowBytes * a.height) == 0
    else { fatalError("other samples") }
    if let one = a.alpha, let other = b.alpha, memcmp(one, other, a.alphaRowBytes * a.height) != 0 {
        fatalError("other alpha")
    }
}
