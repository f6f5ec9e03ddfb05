import Foundation
import HTTP
import Service
import Testing

/// `DELETE /jobs/{id}`, expiry, and the queue.
@Suite struct JobDeletionTests {
    private func held(on store: JobStore, _ flags: [String: String] = [:]) throws -> Rig {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1"].merging(flags) { $1 }, network: FakeNetwork(gate: gate), on: store)
        gate.close()
        return rig
    }

    private func delete(_ rig: Rig, _ id: String) throws -> Int { try rig.get("/jobs/\(id)", method: "DELETE").status }

    @Test(arguments: JobStore.here) func runningJobsStopWithinAStep(store: JobStore) throws {
        let rig = try held(on: store)
        let id = try rig.postJob(Pictures.png(200, 200))
        #expect(rig.network.gate.waitForSomebody())
        let client = try rig.client()
        client.get("/jobs/\(id)/events")
        #expect(try delete(rig, id) == 204)
        // From a database the answer may come before the replica at work hears of it.
        if store == .database { #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 0 }) }
        #expect(try rig.metric("deblur_queue_tiles") == 0)
        let job = try rig.job(id)
        #expect(job["state"] as? String == "cancelled" && job["finished_at"] is String && job["error"] is NSNull)
        rig.network.gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_workers_busy") == 0 })
        #expect(try rig.eventually { try rig.metric("deblur_cancel_seconds_count") == 1 })
        #expect(try rig.metric("deblur_cancelled_total{stage=\"infer\"}") == 1)
        // One step was held; no tile came of it.
        #expect(try rig.metric("deblur_tiles_total{exit=\"3\"}") == 0)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        #expect(try rig.eventually { try rig.metric("deblur_spool_bytes") == 0 })
        _ = try client.streamHead()
        var text: [UInt8] = []
        while let chunk = try client.chunk() { text += chunk }
        #expect(Event.parse(text).last?.name == "cancelled")
        // It stays known, and asking again changes nothing.
        #expect(try delete(rig, id) == 204)
        #expect(try rig.state(id) == "cancelled")
        let result = try rig.get("/jobs/\(id)/result")
        #expect(result.status == 410 && result.code == "expired")
        #expect(try rig.metric("deblur_jobs{state=\"cancelled\"}") == 1)
    }

    @Test(arguments: JobStore.here) func queuedJobsHoldNoPixelsAndNoPlace(store: JobStore) throws {
        // Room for one at a time: jobs in work may take half of the budget together.
        let rig = try held(on: store, ["max-body": "2MiB", "memory-budget": "24MiB", "queue": "10000"])
        let photo = try Pictures.png(1000, 1000)
        let ids = try (0..<4).map { _ in try rig.postJob(photo) }
        #expect(rig.network.gate.waitForSomebody())
        #expect(try rig.state(ids[0]) == "running")
        let one = try #require(try rig.metric("deblur_memory_reserved_bytes"))
        #expect(one < 13 * 1_048_576)
        for (index, id) in ids.dropFirst().enumerated() {
            let job = try rig.job(id)
            #expect(job["state"] as? String == "queued" && job["position"] as? Int == index, "\(job)")
            #expect(try rig.get("/jobs/\(id)/result").status == 409)
        }
        #expect(try rig.metric("deblur_jobs{state=\"queued\"}") == 3)
        // A replica counts the database's queue now and then.
        #expect(try rig.eventually { try rig.metric("deblur_queue_images") ?? 0 >= 3 })
        let tiles = try #require(try rig.metric("deblur_queue_tiles"))
        #expect(try delete(rig, ids[1]) == 204)
        #expect(try rig.job(ids[2])["position"] as? Int == 0)
        // Those of the job at work; what waits has none.
        #expect(try rig.metric("deblur_queue_tiles") == tiles)
        #expect(try rig.events(ids[1]).map(\.name) == ["queued", "cancelled"])
        rig.network.gate.open()
        for id in [ids[0], ids[2], ids[3]] { #expect(try rig.wait(for: "succeeded", of: id)) }
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        #expect(try rig.metric("deblur_queue_tiles") == 0)
    }

    @Test(arguments: JobStore.here) func deletedResultsAreGone(store: JobStore) throws {
        let rig = try Rig(on: store)
        let id = try rig.postJob(Pictures.png(40, 40))
        #expect(try rig.wait(for: "succeeded", of: id))
        #expect(try delete(rig, id) == 204)
        for path in ["", "/events", "/result", "/exits"] {
            let answer = try rig.get("/jobs/\(id)\(path)")
            #expect(answer.status == 410 && answer.code == "expired", "\(path)")
        }
        #expect(try delete(rig, id) == 204)
        #expect(try rig.metric("deblur_spool_bytes") == 0)
    }

    @Test(arguments: JobStore.here) func resultsExpire(store: JobStore) throws {
        let rig = try Rig(["result-ttl": "500ms"], on: store)
        let id = try rig.postJob(Pictures.png(40, 40))
        #expect(try rig.eventually { try rig.get("/jobs/\(id)").status == 410 })
        #expect(try rig.get("/jobs/\(id)/result").code == "expired")
        #expect(try rig.metric("deblur_jobs_ended_total{state=\"succeeded\"}") == 1)
        #expect(try rig.eventually { try rig.metric("deblur_spool_bytes") == 0 })
    }

    @Test(arguments: JobStore.here) func smallPhotosAreNotStuckBehindLargeJobs(store: JobStore) throws {
        let rig = try held(on: store, ["queue": "100000"])
        let large = try rig.postJob(Pictures.png(1000, 1000))
        #expect(rig.network.gate.waitForSomebody())
        let small = try rig.postJob(Pictures.png(32, 32))
        #expect(try rig.wait(for: "running", of: small))
        rig.network.gate.open()
        #expect(try rig.wait(for: "succeeded", of: small))
        #expect(try rig.wait(for: "succeeded", of: large))
        let ends = try [small, large].map { try #require(try rig.job($0)["finished_at"] as? String) }
        #expect(ends[0] <= ends[1])
    }
}
