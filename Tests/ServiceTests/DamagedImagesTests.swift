import Metrics
import Service
import TestSupport
import Testing

/// 200 truncated and 200 bit-flipped files: the answer is an image or a refusal, and nothing is left behind.
@Suite struct DamagedImagesTests {
    @Test func damagedFilesNeverHarm() throws {
        let seed: UInt64 = 20_261
        var random = SeededRandom(seed: seed)
        let rig = try Rig()
        let originals = try (0..<8).map { index in
            let size = (32 + 23 * index, 40 + 17 * index)
            let channels = index % 4 < 2 ? 3 : 1
            return try index % 2 == 0
                ? Pictures.png(size.0, size.1, channels: channels) : Pictures.jpeg(size.0, size.1, channels: channels)
        }
        let client = try rig.client()
        // What the process takes for good (codec tables, thread stacks) it has taken after the sound files.
        for original in originals {
            client.post("/deblur", original)
            #expect(try client.answer().status == 200)
        }
        let before = try #require(ProcessMetrics.residentBytes())
        var statuses: [Int: Int] = [:]
        for round in 0..<400 {
            var bytes = originals[random.integer(0...originals.count - 1)]
            if round % 2 == 0 {
                bytes.removeLast(random.integer(1...bytes.count - 1))
            } else {
                for _ in 0..<random.integer(1...8) {
                    bytes[random.integer(0...bytes.count - 1)] ^= 1 << UInt8(random.integer(0...7))
                }
            }
            client.post("/deblur", bytes)
            let answer = try client.answer()
            #expect(
                answer.status == 200 || [400, 415, 422].contains(answer.status),
                "seed \(seed), round \(round): \(answer.status) \(answer.text.prefix(200))")
            statuses[answer.status, default: 0] += 1
        }
        // Truncation is never taken for an image, and flips in pixels often are: both kinds were met.
        #expect(statuses[422, default: 0] >= 150 && statuses[200, default: 0] >= 1, "\(statuses)")
        #expect(try rig.get("/readyz").status == 200)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        #expect(try rig.metric("deblur_queue_tiles") == 0)
        let growth = try #require(ProcessMetrics.residentBytes()) - before
        #expect(growth < 64 << 20, "resident memory grew by \(growth) bytes")
    }
}
