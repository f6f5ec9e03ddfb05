import Foundation
import Images
import Testing

// Swift hides it because few programs may call it; what the child here may do is said at the call.
@_silgen_name("fork") private func forkProcess() -> pid_t
// In malloc.h, which the Glibc module leaves out; option −3 is M_MMAP_THRESHOLD.
@_silgen_name("mallopt") @discardableResult private func setMallocOption(_ option: Int32, _ value: Int32) -> Int32

/// What decoding really takes, read in a child process of its own: tests that run at the same time do not count.
@Suite struct MemoryTests {
    /// Fields of /proc/self/status, in bytes.
    private static func status(_ field: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }

    /// Runs `body` in a child and gives the number it returned.
    private func inChild(_ body: () -> Int) throws -> Int {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // The child has this thread only. It allocates (glibc makes malloc usable after fork), writes eight bytes and
        // leaves without running anything that was set up for the parent's exit.
        let child = forkProcess()
        try #require(child >= 0)
        if child == 0 {
            alarm(60)
            // The code and tables that any decoding touches do not count as memory of a picture.
            setMallocOption(-3, 128 << 10)
            for name in ["progressive.jpg", "rgba-16.png"] {
                let image = try? Image.decode(Card.file(name))
                for format in ImageFormat.allCases { _ = try? image?.encode(EncodeOptions(format: format)) }
            }
            _ = Self.status("VmHWM")
            // What the parent had freed, up to 2 GB, is taken away, never to be touched: large blocks then come from the system.
            let taken = (0..<20_000).map { _ in malloc(100_000) }
            var result = withExtendedLifetime(taken) { body() }
            write(ends[1], &result, 8)
            _exit(0)
        }
        close(ends[1])
        defer { close(ends[0]) }
        var result = -1
        let count = read(ends[0], &result, 8)
        var code: Int32 = 0
        waitpid(child, &code, 0)
        try #require(count == 8, "the child ended with \(code)")
        return result
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var channels = 3
        var bitDepth = 8
        var hasAlpha = false
        var format = ImageFormat.png
        var source: String?
    }

    static let cases = [
        Case(testDescription: "JPEG, one scan", format: .jpeg, source: "420.jpg"),
        Case(testDescription: "JPEG, progressive", format: .jpeg, source: "progressive.jpg"),
        Case(testDescription: "JPEG, gray", channels: 1, format: .jpeg, source: "gray.jpg"),
        Case(testDescription: "PNG"),
        Case(testDescription: "PNG, 16 bit, alpha", bitDepth: 16, hasAlpha: true),
    ]

    @Test(arguments: cases) func estimates_AreNotExceeded(_ this: Case) throws {
        let raster = try Raster.noise(
            2000, 1500, channels: this.channels, bitDepth: this.bitDepth, hasAlpha: this.hasAlpha, seed: 1)
        let traits = try this.source.flatMap { try ImageHeader.read(Card.file($0)).jpeg }
        let original = Image(raster: raster, format: this.format, jpeg: traits)
        let file = try original.encode(EncodeOptions(quality: 100))
        let header = try ImageHeader.read(file)

        let decoding = try inChild {
            let before = Self.status("VmRSS")
            guard let image = try? Image.decode(file) else { return -1 }
            return withExtendedLifetime(image) { Self.status("VmHWM") - before }
        }
        #expect(decoding > header.rasterBytes * 9 / 10, "\(decoding)")
        #expect(decoding <= header.decodeBytes, "\(decoding) of \(header.decodeBytes)")

        let encoding = try inChild {
            let before = Self.status("VmRSS")
            guard let bytes = try? original.encode(EncodeOptions(quality: 100)) else { return -1 }
            return withExtendedLifetime(bytes) { Self.status("VmHWM") - before }
        }
        #expect(encoding > file.count)
        let estimate = header.encodeBytes(as: this.format)
        #expect(encoding <= estimate, "\(encoding) of \(estimate)")
    }

    /// Files that are nothing but metadata, 20 MB of each kind, whose parts are joined, read, turned and split.
    static let heavy = ["EXIF in JPEG", "XMP in JPEG", "profile in JPEG", "EXIF in PNG", "XMP in PNG", "packed XMP in PNG"]

    private static func heavyFile(_ kind: String) throws -> [UInt8] {
        let name = { (text: String) in Array(text.utf8) }
        let size = 20 << 20
        let exif = FileParts.exif(orientation: 6, littleEndian: true, textCount: size)
        let video = "<x xmlns:c=\"http://ns.google.com/photos/1.0/camera/\" c:MicroVideo=\"1\">"
        let packet = name(video) + [UInt8](repeating: 0x61, count: size) + name("</x>")
        func segments(_ marker: UInt8, _ prefix: [UInt8], _ bytes: [UInt8], numbered: Bool = false) -> [[UInt8]] {
            let step = 65_000
            return stride(from: 0, to: bytes.count, by: step).enumerated().map { index, start in
                let numbers = numbered ? FileParts.big(bytes.count, bytes: 4) + FileParts.big(start, bytes: 4) : []
                let number = marker == 0xE2 ? [UInt8(index + 1 & 0xFF), UInt8(255)] : []
                return FileParts.segment(
                    marker, prefix + number + numbers + bytes[start..<min(start + step, bytes.count)])
            }
        }
        let jpeg = try Card.file("rgb.jpg")
        let png = try Card.file("rgb-8.png")
        let keyword = name("XML:com.adobe.xmp\0")
        switch kind {
        case "EXIF in JPEG": return FileParts.jpeg(jpeg, with: segments(0xE1, name("Exif\0\0"), exif))
        case "XMP in JPEG":
            let digest = String(repeating: "0123456789ABCDEF", count: 2)
            let main = "<x xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" xmpNote:HasExtendedXMP=\"\(digest)\"/>"
            let first = FileParts.segment(0xE1, name("http://ns.adobe.com/xap/1.0/\0") + name(main))
            let rest = segments(0xE1, name("http://ns.adobe.com/xmp/extension/\0" + digest), packet, numbered: true)
            return FileParts.jpeg(jpeg, with: [first] + rest)
        case "profile in JPEG":
            let profile = FileParts.profile(size: 250 * 65_000)
            return FileParts.jpeg(jpeg, with: segments(0xE2, name("ICC_PROFILE\0"), profile + [0, 0]))
        case "EXIF in PNG": return FileParts.png(png, with: [FileParts.chunk("eXIf", exif)])
        case "XMP in PNG": return FileParts.png(png, with: [FileParts.chunk("iTXt", keyword + [0, 0, 0, 0] + packet)])
        default:
            let small = name(video) + [UInt8](repeating: 0x61, count: 4_000_000) + name("</x>")
            return FileParts.png(
                png, with: [FileParts.chunk("iTXt", keyword + [1, 0, 0, 0] + FileParts.stored(small))])
        }
    }

    @Test(arguments: heavy) func estimatesOfMetadata_AreNotExceeded(_ kind: String) throws {
        let file = try Self.heavyFile(kind)
        let header = try ImageHeader.read(file)
        let image = try Image.decode(file)
        #expect((image.metadata.exif ?? image.metadata.icc ?? image.metadata.xmp) != nil)
        let decoding = try inChild {
            let before = Self.status("VmRSS")
            guard let image = try? Image.decode(file) else { return -1 }
            return withExtendedLifetime(image) { Self.status("VmHWM") - before }
        }
        #expect(decoding > 3 << 20 && decoding <= header.decodeBytes, "\(decoding) of \(header.decodeBytes)")
        for format in ImageFormat.allCases {
            let encoding = try inChild {
                let before = Self.status("VmRSS")
                guard let bytes = try? image.encode(EncodeOptions(format: format)) else { return -1 }
                return withExtendedLifetime(bytes) { Self.status("VmHWM") - before }
            }
            let estimate = header.encodeBytes(as: format)
            #expect(encoding >= 0 && encoding <= estimate, "\(format): \(encoding) of \(estimate)")
        }
    }

    /// Damaged files, over and over: what a failure leaves behind would add up.
    @Test(arguments: [
        "420.jpg", "progressive.jpg", "cmyk.jpg", "interlaced-rgba-16.png", "palette-4-trns.png", "metadata.png",
    ])
    func memoryReturns_AfterDamagedFiles(_ name: String) throws {
        let file = try Card.file(name)
        let growth = try inChild {
            var random = SplitMix64(seed: 3)
            func attempt() {
                var damaged = file
                damaged[Int.random(in: 0..<file.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 1..<file.count, using: &random)) }
                _ = try? Image.decode(damaged, limits: ImageLimits(maxPixels: 100_000))
            }
            for _ in 0..<300 { attempt() }
            let before = Self.status("RssAnon")
            for _ in 0..<3000 { attempt() }
            return Self.status("RssAnon") - before
        }
        // A leak of 100 bytes a file would show; a few pages are the allocator's.
        #expect(growth < 256 << 10, "\(growth) bytes more")
    }
}
