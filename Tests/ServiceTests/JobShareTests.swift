import Foundation
import Service
import TestSupport
import Testing

/// Jobs of several callers.
@Suite struct JobShareTests {
    private func rig(_ flags: [String: String], gate: Gate = Gate(isOpen: true), on store: JobStore = .folder) throws -> Rig {
        try Rig(["trust-proxy": "127.0.0.1", "threads": "1"].merging(flags) { $1 }, network: FakeNetwork(gate: gate), on: store)
    }

    private func post(_ rig: Rig, _ photo: [UInt8], from address: String) throws -> Client.Answer {
        try rig.post("/deblur", photo, headers: ["Prefer: respond-async", "X-Forwarded-For: \(address)"])
    }

    @Test func callersTakeTurns() throws {
        let gate = Gate(isOpen: true)
        // One job of a megapixel at a time.
        let rig = try rig(["max-body": "2MiB", "memory-budget": "20MiB", "queue": "10000"], gate: gate)
        gate.close()
        let photo = try Pictures.png(1000, 1000)
        let ids = try ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"].map { address in
            try #require(try post(rig, photo, from: address).json["id"] as? String)
        }
        #expect(gate.waitForSomebody())
        let positions = try ids.map { try rig.job($0)["position"] as? Int }
        // The first one is at work; the /64 counts as one caller.
        #expect(positions == [nil, 0, 3, 1, 2, 4], "\(positions)")
        #expect(try rig.get("/jobs/\(ids[4])", method: "DELETE").status == 204)
        #expect(try ids.map { try rig.job($0)["position"] as? Int } == [nil, 0, 3, 1, nil, 2])
        for id in ids { #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204) }
        gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
    }

    /// An album is taken in at once, however few tiles may wait.
    @Test(arguments: JobStore.here) func jobsTakeNoPlaceInTheQueue(store: JobStore) throws {
        let gate = Gate(isOpen: true)
        let rig = try rig(["queue": "4"], gate: gate, on: store)
        gate.close()
        let ids = try (0..<40).map { _ in try #require(try post(rig, Pictures.png(80, 32), from: "10.0.0.1").json["id"] as? String) }
        gate.open()
        #expect(try rig.post("/deblur", Pictures.png(80, 32)).status == 200)
        for id in ids { #expect(try rig.wait(for: "succeeded", of: id)) }
    }

    @Test func theLastQuarterOfTheSpoolIsForOthers() throws {
        let gate = Gate(isOpen: true)
        let rig = try rig(["spool-limit": "1MiB"], gate: gate)
        gate.close()
        // Some 30 KB each, with the room of the result.
        let photo = try Pictures.png(100, 100)
        var accepted = 0
        var refused: Client.Answer?
        while accepted < 100, refused == nil {
            let answer = try post(rig, photo, from: "10.0.0.1")
            if answer.status == 202 { accepted += 1 } else { refused = answer }
        }
        #expect(refused?.status == 507 && refused?.headers["Retry-After"] != nil)
        #expect(refused?.json["limit"] as? Int == (1 << 20) / 4 * 3)
        #expect(try post(rig, photo, from: "10.0.0.2").status == 202)
        #expect(try post(rig, photo, from: "10.0.0.1").status == 507)
        gate.open()
    }

    /// Jobs that are gone are in nobody's way: they do not count, and Retry-After does not wait for them.
    @Test func whatIsDeletedDoesNotCount() throws {
        let rig = try rig(["result-ttl": "1000s", "spool-limit": "64KiB"])
        let photo = try Pictures.png(70, 40)
        for _ in 0..<20 {
            let id = try #require(try post(rig, photo, from: "10.0.0.1").json["id"] as? String)
            #expect(try rig.wait(for: "succeeded", of: id))
            #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204)
        }
        usleep(1_100_000)
        var refused = try post(rig, Pictures.png(140, 130), from: "10.0.0.1")
        #expect(refused.status == 507)
        // Nothing that counts has ended: nothing is known before a whole time to live.
        #expect(refused.headers["Retry-After"] == "1000")
        let id = try #require(try post(rig, photo, from: "10.0.0.1").json["id"] as? String)
        #expect(try rig.wait(for: "succeeded", of: id))
        usleep(1_100_000)
        refused = try post(rig, Pictures.png(140, 130), from: "10.0.0.1")
        let seconds = Int(try #require(refused.headers["Retry-After"])) ?? 0
        #expect((980...999).contains(seconds), "\(seconds)")
    }

    /// Drawn once, known by its tag, answered without a drawing afterwards.
    @Test(arguments: JobStore.here) func heatMapsHaveATag(store: JobStore) throws {
        let rig = try rig([:], on: store)
        let id = try #require(try post(rig, Pictures.png(100, 100), from: "10.0.0.1").json["id"] as? String)
        #expect(try rig.wait(for: "succeeded", of: id))
        let path = "/jobs/\(id)/exits"
        let clients = try (0..<5).map { _ in try rig.client() }
        for client in clients { client.get(path, headers: ["Accept: image/png"]) }
        let maps = try clients.map { try $0.answer() }
        #expect(maps.allSatisfy { $0.status == 200 && $0.body == maps[0].body && !$0.body.isEmpty })
        let tag = try #require(maps[0].headers["ETag"])
        #expect(maps.allSatisfy { $0.headers["ETag"] == tag })
        let again = try rig.get(path, headers: ["Accept: image/png", "If-None-Match: \(tag)"])
        #expect(again.status == 304 && again.body.isEmpty && again.headers["ETag"] == tag)
        #expect(try rig.get(path, headers: ["Accept: image/png", "If-None-Match: \"other\""]).body == maps[0].body)
    }
}
