import Foundation
import Images
import Synchronization
import TestSupport
import Testing

/// What a photo really takes in the service, against what was reserved for it.
@Suite struct MemoryCommandTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let format: ImageFormat
        let channels: Int
        let bitDepth: Int

        var testDescription: String { "\(format), \(channels) channels of \(bitDepth) bits" }
    }

    private func photo(_ kind: Case, width: Int, height: Int) throws -> [UInt8] {
        let raster = try Raster(width: width, height: height, channels: kind.channels, bitDepth: kind.bitDepth)
        var random = SeededRandom(seed: 5)
        for y in 0..<height {
            raster.withMutableRow(y) { row in
                for index in row.indices { row[index] = UInt8(y % 128 + index % 64 + random.integer(0...40)) }
            }
        }
        return try Image(raster: raster).encode(EncodeOptions(format: kind.format, quality: 92))
    }

    @Test(arguments: [
        Case(format: .jpeg, channels: 3, bitDepth: 8), Case(format: .png, channels: 3, bitDepth: 16),
    ])
    func peakStaysWithinTheReservation(_ kind: Case) throws {
        let folder = try Folder()
        let server = try Server(folder)
        // Lays out the worker's memory, which does not depend on the photo.
        #expect(try server.request("POST", "/deblur?exit=1", try photo(kind, width: 400, height: 400)).status == 200)
        let large = try photo(kind, width: 2600, height: 2000)
        let before = try server.memory("VmRSS")
        try server.forgetPeak()
        let status = Mutex<Int?>(nil)
        let thread = Thread {
            let answer = try? server.request("POST", "/deblur?exit=1", large).status
            status.withLock { $0 = answer ?? 0 }
        }
        thread.start()
        var reserved = 0
        while status.withLock({ $0 == nil }) {
            let metrics = String(decoding: try server.request("GET", "/metrics").body, as: UTF8.self)
            let line = metrics.split(separator: "\n").first { $0.hasPrefix("deblur_memory_reserved_bytes ") }
            reserved = max(reserved, Int(Double(line?.split(separator: " ").last ?? "0") ?? 0))
            usleep(2_000)
        }
        #expect(status.withLock { $0 } == 200)
        let taken = try server.memory("VmHWM") - before
        // Besides, the allocator and the connections may take a little.
        #expect(taken <= reserved + 8 << 20, "took \(taken), reserved \(reserved)")
        #expect(reserved <= 3 * taken, "took \(taken), reserved \(reserved): fewer photos than would fit")
    }
}
