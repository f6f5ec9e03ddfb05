import Foundation
import Images
import TestSupport
import Testing

/// Jobs of the real program with the model that comes with the project.
@Suite struct JobCommandTests {
    private func photo(_ seed: Int) throws -> [UInt8] {
        let raster = try Raster(width: 500 + seed * 8, height: 420, channels: 3, bitDepth: 8)
        for y in 0..<raster.height {
            raster.withMutableRow(y) { row in
                for index in row.indices { row[index] = UInt8((index / 3 * (seed + 3) + y * 3 + index % 3 * 40) % 256) }
            }
        }
        return try Image(raster: raster).encode(EncodeOptions(format: .jpeg, quality: 80))
    }

    @Test func killedWithFiveJobsAllFinishWithTheSameBytes() throws {
        let folder = try Folder()
        let photos = try (0..<5).map(photo)
        let first = try Server(folder, "--replica", "a")
        let calm = try photos.map { try first.request("POST", "/deblur?exit=2", $0) }
        #expect(calm.allSatisfy { $0.status == 200 })
        let ids = try photos.map { photo in
            let answer = try first.request("POST", "/deblur?exit=2", photo, headers: ["Prefer: respond-async"])
            return try #require(answer.status == 202 ? answer.json["id"] as? String : nil)
        }
        #expect(ids.allSatisfy { $0.hasPrefix("a-") })
        // In the middle: some tiles are done, not all.
        var done = 0
        for _ in 0..<3000 where done == 0 {
            usleep(20_000)
            done = try ids.map { try first.request("GET", "/jobs/\($0)").json["tiles"] as? [String: Int] }
                .reduce(0) { $0 + ($1?["done"] ?? 0) }
        }
        #expect(done > 0)
        first.kill()

        let second = try Server(folder, "--replica", "a")
        for (id, answer) in zip(ids, calm) {
            var state = ""
            for _ in 0..<3000 where state != "succeeded" && state != "failed" {
                usleep(20_000)
                state = try second.request("GET", "/jobs/\(id)").json["state"] as? String ?? "none"
            }
            #expect(state == "succeeded", "\(id)")
            let result = try second.request("GET", "/jobs/\(id)/result")
            #expect(result.status == 200 && result.body == answer.body)
        }
        // A second process must not touch the folder.
        let other = try Program.run(
            "serve", "--port", "0", "--state-dir", folder.path("state"), "--threads", "1")
        #expect(other.status != 0 && other.errors.contains("used by another process"), "\(other)")
    }
}
