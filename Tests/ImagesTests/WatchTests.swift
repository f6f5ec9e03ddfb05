import Foundation
import Images
import TestSupport
import Testing

/// Codecs end early when nobody waits any more, or when a file takes too long.
@Suite struct WatchTests {
    private func photo(_ format: ImageFormat) throws -> [UInt8] {
        let raster = try Raster(width: 640, height: 480, channels: 3, bitDepth: 8)
        for y in 0..<480 {
            raster.withMutableRow(y) { row in for index in row.indices { row[index] = UInt8((index * 7 + y * y) % 251) } }
        }
        return try Image(raster: raster).encode(EncodeOptions(format: format, quality: 90))
    }

    @Test(arguments: ImageFormat.allCases) func cancelled(_ format: ImageFormat) throws {
        let file = try photo(format)
        let watch = CodecWatch()
        let image = try Image.decode(file.span.bytes, watch: watch)
        #expect(try image.encoded(watch: watch).bytes == image.encode())
        watch.cancel()
        #expect(throws: ImageError.cancelled) { _ = try Image.decode(file.span.bytes, watch: watch) }
        #expect(throws: ImageError.cancelled) { _ = try image.encoded(watch: watch) }
    }

    @Test(arguments: ["progressive.jpg", "interlaced-rgba-16.png"]) func cancelledInEveryPass(_ name: String) throws {
        let watch = CodecWatch()
        watch.cancel()
        let file = try Card.file(name)
        #expect(throws: ImageError.cancelled) { _ = try Image.decode(file.span.bytes, watch: watch) }
    }

    @Test(arguments: ImageFormat.allCases) func tooCostly(_ format: ImageFormat) throws {
        let file = try photo(format)
        let error = #expect(throws: ImageError.self) {
            _ = try Image.decode(file.span.bytes, watch: CodecWatch(seconds: 0))
        }
        guard case .corrupt(let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("too long"))
    }

    /// Of a thousand compressed profiles, or texts, the first counts: reading them costs no more than reading one.
    @Test(arguments: ["iCCP", "iTXt"]) func aThousandCompressedChunks(_ kind: String) throws {
        let few = try bomb(kind, count: 1), many = try bomb(kind, count: 1000)
        func seconds(_ file: [UInt8]) throws -> Double {
            let before = processorSeconds()
            let image = try Image.decode(file)
            #expect(image.metadata.icc == nil)
            return processorSeconds() - before
        }
        _ = try seconds(few)
        let (one, thousand) = (try seconds(few), try seconds(many))
        // Four megabytes unpacked a thousand times would be seconds.
        #expect(thousand < 0.5 + 20 * one, "\(one) s for one, \(thousand) s for a thousand")
    }

    private func processorSeconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// A picture of one pixel with compressed chunks of four megabytes of zeros.
    private func bomb(_ kind: String, count: Int) throws -> [UInt8] {
        let png = try Image(raster: Raster(width: 1, height: 1, channels: 3, bitDepth: 8)).encode(EncodeOptions(format: .png))
        let head = kind == "iCCP" ? [0x78, 0, 0] : Self.packetHead
        let chunk = FileParts.chunk(kind, head + packed(zeros: 4 << 20))
        return FileParts.png(png, with: [[UInt8]](repeating: chunk, count: count))
    }

    /// Keyword, compressed, method, language, translated keyword.
    private static let packetHead = Array("XML:com.adobe.xmp\0".utf8) + [1, 0, 0, 0]

    /// A profile and a packet share what may be unpacked of one file.
    @Test func profileAndPacketShareABudget() throws {
        let profile = FileParts.profile(size: 3 << 20), text = [UInt8](repeating: 0x20, count: 3 << 20)
        let chunks = [
            FileParts.chunk("iCCP", [0x78, 0, 0] + FileParts.stored(profile)),
            FileParts.chunk("iTXt", Self.packetHead + FileParts.stored(text)),
        ]
        let png = try Card.file("rgb-8.png")
        func kept(_ chunks: [[UInt8]]) throws -> [Int?] {
            let metadata = try Image.decode(FileParts.png(png, with: chunks)).metadata
            return [metadata.icc?.count, metadata.xmp?.count]
        }
        #expect(try kept([chunks[0]]) == [3 << 20, nil])
        #expect(try kept([chunks[1]]) == [nil, 3 << 20])
        #expect(try kept(chunks) == [3 << 20, nil], "the first one counts")
        #expect(try kept(chunks.reversed()) == [nil, 3 << 20])
    }

    /// A zlib stream of zeros, as small as it gets.
    private func packed(zeros count: Int) -> [UInt8] {
        // Fixed Huffman codes (RFC 1951 §3.2.6): a zero, then matches of 258 at distance 1.
        var bits: [UInt8] = [0x78, 0x9C]
        var buffer: UInt64 = 0, held: UInt64 = 0
        func put(_ value: UInt64, _ length: UInt64) {
            buffer |= value << held
            held += length
            while held >= 8 {
                bits.append(UInt8(truncatingIfNeeded: buffer))
                buffer >>= 8
                held -= 8
            }
        }
        put(0b011, 3)
        put(0b0000_1100, 8)  // literal 0: 00110000, highest bit first
        var left = count - 1
        while left >= 258 {
            put(0b1010_0011, 8)  // length 258: 11000101, highest bit first
            put(0, 5)  // distance 1
            left -= 258
        }
        for _ in 0..<left { put(0b0000_1100, 8) }
        put(0, 7)
        put(0, 7)
        // Adler-32 of zeros: a = 1, b = count mod 65521.
        return bits + FileParts.big(count % 65521 << 16 | 1, bytes: 4)
    }
}
