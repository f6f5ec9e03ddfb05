import Foundation
import HTTP
import Service
import TestSupport
import Testing

/// What is left of jobs after a restart, a full disk, damage. A rig that is let go of ends like a killed process: what
/// runs is cut and nothing more is written.
@Suite struct JobDurabilityTests {
    private func rig(
        _ home: JobHome, _ flags: [String: String] = [:], gate: Gate = Gate(isOpen: true), digest: String = FakeNetwork.digest
    ) throws -> Rig {
        try Rig(
            ["threads": "1", "replica": "r"].merging(home.flags) { $1 }.merging(flags) { $1 },
            network: FakeNetwork(gate: gate), digest: digest)
    }

    private func rig(
        _ folder: StateFolder, _ flags: [String: String] = [:], gate: Gate = Gate(isOpen: true),
        disk: any SpoolDisk = PosixDisk()
    ) throws -> Rig {
        try Rig(
            ["state-dir": folder.path, "threads": "1", "replica": "r"].merging(flags) { $1 }, network: FakeNetwork(gate: gate), disk: disk)
    }

    @Test(arguments: JobStore.here) func acceptedJobsSurviveWithTheSameBytes(store: JobStore) throws {
        let home = try JobHome(store)
        let photos = try (0..<5).map { try Pictures.png(70 + $0 * 9, 40, seed: UInt64($0)) }
        var ids: [String] = []
        let gate = Gate(isOpen: true)
        do {
            let first = try rig(home, gate: gate)
            gate.close()
            ids = try photos.map { try first.postJob($0, "?exit=2&format=png") }
            #expect(gate.waitForSomebody())
            first.cut()
        }
        let second = try rig(home)
        for (id, photo) in zip(ids, photos) {
            #expect(try second.wait(for: "succeeded", of: id))
            let (result, calm) = (try second.get("/jobs/\(id)/result"), try second.post("/deblur?exit=2", photo))
            #expect(result.body == calm.body && result.headers["ETag"] == calm.headers["ETag"])
            // The events of the new run have the numbers of the old one.
            let events = try second.events(id, after: "2")
            #expect(events.first?.id == "3" && events.first?.name == "tile" && events.last?.name == "succeeded")
        }
        if let files = home.files { #expect(files.count == 3 * ids.count, "\(files)") }
    }

    @Test(arguments: JobStore.here) func finishedJobsAreServedAsBefore(store: JobStore) throws {
        let home = try JobHome(store)
        let photo = try Pictures.jpeg(100, 90)
        var before: [String: Client.Answer] = [:]
        var events: [Event] = []
        var (done, failed, deleted, cancelled) = ("", "", "", "")
        let paths = ["", "/result", "/exits"]
        do {
            let first = try rig(home)
            done = try first.postJob(photo)
            failed = try first.postJob(Array(Pictures.png(70, 40).dropLast(40)))
            deleted = try first.postJob(photo)
            #expect(try first.wait(for: "failed", of: failed))
            #expect(try first.wait(for: "succeeded", of: done))
            #expect(try first.wait(for: "succeeded", of: deleted))
            _ = try first.get("/jobs/\(deleted)", method: "DELETE")
            first.network.gate.close()
            cancelled = try first.postJob(photo)
            #expect(try first.get("/jobs/\(cancelled)", method: "DELETE").status == 204)
            first.network.gate.open()
            for path in paths { before[path] = try first.get("/jobs/\(done)\(path)") }
            events = try first.events(done)
        }
        let second = try rig(home)
        for path in paths {
            let after = try second.get("/jobs/\(done)\(path)")
            #expect(after.status == 200 && after.body == before[path]?.body, "\(path)")
            #expect(after.headers["ETag"] == before[path]?.headers["ETag"])
        }
        // What was estimated at the time is not kept.
        let again = try second.events(done)
        #expect(again.dropFirst(2) == events.dropFirst(2) && again.map(\.id) == events.map(\.id))
        #expect(try second.get("/jobs/\(failed)/result").code == "bad_image")
        #expect(try second.get("/jobs/\(deleted)").status == 410)
        #expect(try second.state(cancelled) == "cancelled")
        #expect(try second.metric("deblur_jobs{state=\"succeeded\"}") == 1)
    }

    @Test(arguments: JobStore.here) func anotherModelDoesTheJobAnew(store: JobStore) throws {
        let home = try JobHome(store)
        let gate = Gate(isOpen: true)
        let photo = try Pictures.png(70, 40)
        var id = ""
        do {
            let first = try rig(home, gate: gate)
            gate.close()
            id = try first.postJob(photo)
            #expect(gate.waitForSomebody())
            first.cut()
        }
        let second = try rig(home, digest: "fedcba9876543210")
        #expect(try second.wait(for: "succeeded", of: id))
        let result = try second.get("/jobs/\(id)/result")
        #expect(result.headers["Deblur-Model"] == "fake@fedcba987654")
        #expect(try result.headers["ETag"] == second.post("/deblur", photo).headers["ETag"])
        #expect(second.log.all.contains { $0.contains("another model") && $0.contains(id) })
    }

    /// Another release may need more memory than the one that took the job in, or less.
    @Test func aJobGetsTheMemoryThatItNeedsNow() throws {
        let folder = try StateFolder()
        let gate = Gate(isOpen: true)
        let photo = try Pictures.png(70, 40)
        var ids: [String] = []
        do {
            let first = try rig(folder, gate: gate)
            gate.close()
            ids = try (0..<2).map { _ in try first.postJob(photo) }
            #expect(gate.waitForSomebody())
            first.cut()
        }
        try folder.change(ids[0]) { $0.replacing(/"workBytes":\d+/, with: "\"workBytes\":1") }
        try folder.change(ids[1]) { $0.replacing(/"workBytes":\d+/, with: "\"workBytes\":\(1 << 49)") }
        let second = try rig(folder)
        for id in ids {
            #expect(try second.wait(for: "succeeded", of: id))
            #expect(try second.get("/jobs/\(id)/result").body == second.post("/deblur", photo).body)
        }
        #expect(try second.eventually { try second.metric("deblur_memory_reserved_bytes") == 0 })
    }

    @Test(arguments: JobStore.here) func drainFinishesWhatRunsAndKeepsWhatIsQueued(store: JobStore) throws {
        let home = try JobHome(store)
        let gate = Gate(isOpen: true)
        // Longer than what is asked of it meanwhile takes on any machine.
        let flags = ["max-body": "2MiB", "memory-budget": "24MiB", "queue": "10000", "drain": "100s"]
        var ids: [String] = []
        do {
            let first = try rig(home, flags, gate: gate)
            gate.close()
            ids = try (0..<3).map { try first.postJob(Pictures.png(1000, 1000, seed: UInt64($0))) }
            #expect(gate.waitForSomebody())
            let waiting = try first.client()
            waiting.get("/jobs/\(ids[2])/events")
            _ = try waiting.streamHead()
            let ended = Flag()
            first.service.drain { ended.set() }
            // A queued job's stream ends without its last event: the client comes back, to the next process.
            // So does one that begins only now, and tells what is known.
            let late = try first.client()
            late.get("/jobs/\(ids[2])/events")
            _ = try late.streamHead()
            for client in [waiting, late] {
                var text: [UInt8] = []
                while let chunk = try client.chunk() { text += chunk }
                #expect(Event.parse(text).map(\.name) == ["queued"])
            }
            let refused = try first.post("/deblur", Pictures.png(8, 8), headers: ["Prefer: respond-async"])
            #expect(refused.status == 503 && refused.code == "draining")
            #expect(try first.state(ids[0]) == "running")
            gate.open()
            #expect(first.eventually { ended.isSet })
        }
        if let files = home.files {
            let records = files.filter { $0.hasSuffix("/record") }
            #expect(files.filter { $0.hasSuffix("/result") } == ["jobs/\(ids[0])/result"] && records.count == 3)
        }
        let second = try rig(home, flags)
        for id in ids { #expect(try second.wait(for: "succeeded", of: id)) }
    }

    @Test func withoutAStateFolderADrainDoesEverything() throws {
        let gate = Gate(isOpen: true)
        // Longer than two jobs take on any machine.
        let flags = ["threads": "1", "max-body": "2MiB", "memory-budget": "24MiB", "queue": "10000", "drain": "100s"]
        let rig = try Rig(flags, network: FakeNetwork(gate: gate))
        gate.close()
        let ids = try (0..<2).map { _ in try rig.postJob(Pictures.png(900, 900)) }
        let streams = try ids.map { id in
            let client = try rig.client()
            client.get("/jobs/\(id)/events")
            _ = try client.streamHead()
            return client
        }
        let ended = Flag()
        rig.service.drain { ended.set() }
        gate.open()
        for client in streams {
            var text: [UInt8] = []
            while let chunk = try client.chunk() { text += chunk }
            #expect(Event.parse(text).last?.name == "succeeded")
        }
        #expect(rig.eventually { ended.isSet })
    }

    @Test func oneProcessOneFolder() throws {
        let folder = try StateFolder()
        let first = try rig(folder)
        #expect(throws: SpoolFailure.inUse(folder: folder.path)) { try rig(folder) }
        first.service.stop()
        _ = try rig(folder)
    }

    @Test(arguments: JobStore.here) func theSpoolHasALimit(store: JobStore) throws {
        let home = try JobHome(store)
        let rig = try rig(home, ["spool-limit": "20KiB"])
        let photo = try Pictures.png(70, 40)
        let id = try rig.postJob(photo)
        #expect(try rig.wait(for: "succeeded", of: id))
        let large = try rig.post("/deblur", Pictures.png(100, 100), headers: ["Prefer: respond-async"])
        #expect(large.status == 507 && large.code == "insufficient_storage")
        #expect(large.json["limit"] as? Int == 20_480 && large.json["actual"] as? Int ?? 0 > 20_480)
        #expect(large.headers["Retry-After"] != nil)
        // Who waits for the answer needs no spool.
        #expect(try rig.post("/deblur", Pictures.png(100, 100)).status == 200)
        #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204)
        #expect(try rig.wait(for: "succeeded", of: rig.postJob(photo)))
    }
}
