import Foundation
import HTTP
import Service
import Testing

/// Queue, memory, and clients that leave, with a network that is held at a gate.
@Suite struct AdmissionTests {
    private func held(_ flags: [String: String] = [:]) throws -> Rig {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1", "queue": "4"].merging(flags) { $1 }, network: FakeNetwork(gate: gate))
        gate.close()
        return rig
    }

    @Test func fullQueueIsRefusedWithTheTime() throws {
        let rig = try held()
        let photo = try Pictures.png(80, 32)  // 3 tiles
        let clients = try (0..<3).map { _ in try rig.client() }
        for client in clients.prefix(2) { client.post("/deblur", photo) }
        // One tile runs, 2 + 3 wait.
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 5 })
        clients[2].post("/deblur", photo)
        let refused = try clients[2].answer()
        #expect(refused.status == 429 && refused.code == "queue_full")
        #expect(refused.json["limit"] as? Int == 4 && refused.json["actual"] as? Int == 5)
        #expect(Int(try #require(refused.headers["Retry-After"])) ?? 0 >= 1)
        #expect(try rig.get("/healthz").status == 200)
        #expect(try rig.metric("deblur_workers_busy") == 1)
        rig.network.gate.open()
        #expect(try clients[0].answer().status == 200)
        #expect(try clients[1].answer().status == 200)
        #expect(try rig.post("/deblur", photo).status == 200)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
    }

    @Test func fullMemoryIsRefusedWithTheTime() throws {
        let rig = try held(["max-body": "8MiB", "memory-budget": "20MiB", "queue": "10000"])
        // A tile that takes a while, by which the next ones are judged.
        let slow = try rig.client()
        slow.post("/deblur", try Pictures.png(32, 32))
        #expect(rig.network.gate.waitForSomebody())
        usleep(50_000)
        rig.network.gate.open()
        #expect(try slow.answer().status == 200)
        rig.network.gate.close()
        let (working, uploading) = (try rig.client(), try rig.client())
        working.post("/deblur", try Pictures.png(1000, 1000))
        #expect(rig.network.gate.waitForSomebody())
        let upload = "POST /deblur HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n"
        uploading.send(upload)
        uploading.send([UInt8](repeating: 0, count: 7_999_999))
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") ?? 0 >= 8_000_000 })
        let late = try rig.client()
        late.send(upload)
        let refused = try late.answer()
        #expect(refused.status == 429 && refused.code == "queue_full")
        // Until the photo in work has ended: its tiles at the measured speed.
        let scheduler = try #require(rig.service.state.loadedEngine?.scheduler)
        let seconds = Double(try #require(refused.headers["Retry-After"])) ?? 0
        let expected = try #require(scheduler.secondsUntilNextEnd)
        #expect(seconds > 30 && abs(seconds - expected) <= expected / 4)
        rig.network.gate.open()
        #expect(try working.answer().status == 200)
    }

    @Test func leavingWhileTilesRunStopsThem() throws {
        let rig = try held()
        let client = try rig.client()
        client.post("/deblur", try Pictures.png(200, 200))
        #expect(rig.network.gate.waitForSomebody())
        client.leave()
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 0 })
        rig.network.gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_cancelled_total{stage=\"infer\"}") == 1 })
        #expect(try rig.metric("deblur_workers_busy") == 0)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        // One step was held; no tile came of it.
        #expect(try rig.metric("deblur_tiles_total{exit=\"3\"}") == 0)
        #expect(rig.log.all.contains { $0.contains("outcome=clientGone") && $0.contains("status=499") })
    }

    @Test func leavingTheQueueGivesThePlaceBack() throws {
        let rig = try held()
        let (first, second) = (try rig.client(), try rig.client())
        first.post("/deblur", try Pictures.png(32, 32))
        #expect(rig.network.gate.waitForSomebody())
        second.post("/deblur", try Pictures.png(80, 32))
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 3 })
        second.leave()
        #expect(try rig.eventually { try rig.metric("deblur_cancelled_total{stage=\"queue\"}") == 1 })
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 0 })
        rig.network.gate.open()
        #expect(try first.answer().status == 200)
    }

    @Test func leavingDuringTheUploadGivesItsMemoryBack() throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send("POST /deblur HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 262_144 })
        client.reset()
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        #expect(try rig.eventually { try rig.metric("deblur_cancelled_total{stage=\"upload\"}") == 1 })
    }

    @Test func imagesWaitForMemoryAndHugeOnesAreRefused() throws {
        // Room for one 1 MP image (some 3 MB of pixels and 5 MB of working memory) at a time.
        let rig = try held(["max-body": "2MiB", "memory-budget": "20MiB", "queue": "10000"])
        let photo = try Pictures.png(1000, 1000)
        let clients = try (0..<3).map { _ in try rig.client() }
        for client in clients { client.post("/deblur", photo) }
        #expect(rig.network.gate.waitForSomebody())
        #expect(try rig.eventually { try rig.metric("deblur_queue_images") ?? 0 >= 1 })
        #expect(try rig.metric("deblur_memory_reserved_bytes") ?? .infinity <= 20 * 1_048_576)
        rig.network.gate.open()
        for client in clients { #expect([200, 429].contains(try client.answer().status)) }
        let huge = try rig.post("/deblur", Pictures.png(2000, 2000))
        #expect(huge.status == 422 && huge.code == "too_many_pixels")
        // But for the tile in work, 32×32.
        #expect(huge.json["limit"] as? Int == 20 * 1_048_576 - 32 * 32 * 3 * 4)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
    }
}
