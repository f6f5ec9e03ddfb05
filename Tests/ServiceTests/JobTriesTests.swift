import Foundation
import Service
import TestSupport
import Testing

/// A job in whose middle the process ends again and again is given up; one that is cut on purpose is not.
@Suite struct JobTriesTests {
    private func rig(_ folder: StateFolder, gate: Gate = Gate(isOpen: true), disk: any SpoolDisk = PosixDisk()) throws -> Rig {
        try Rig(["state-dir": folder.path, "threads": "1"], network: FakeNetwork(gate: gate), disk: disk)
    }

    private func rig(_ home: JobHome, gate: Gate = Gate(isOpen: true)) throws -> Rig {
        try Rig(home.flags.merging(["threads": "1"]) { $1 }, network: FakeNetwork(gate: gate))
    }

    @Test func theTryIsOnDiskBeforeTheWorkAndTakenBackByAWantedEnd() throws {
        let folder = try StateFolder()
        let gate = Gate(isOpen: true)
        let first = try rig(folder, gate: gate)
        gate.close()
        let id = try first.postJob(Pictures.png(70, 40))
        #expect(gate.waitForSomebody())
        #expect(try folder.record(id).contains("\"tries\":1"))
        first.cut()
        #expect(try !folder.record(id).contains("tries"))
    }

    @Test(arguments: JobStore.here) func afterThreeEndsItIsAbandonedAndOthersAreDone(store: JobStore) throws {
        let home = try JobHome(store)
        let gate = Gate(isOpen: true)
        var ids: [String] = []
        do {
            let first = try rig(home, gate: gate)
            gate.close()
            ids = try (0..<3).map { try first.postJob(Pictures.png(70, 40, seed: UInt64($0))) }
            #expect(gate.waitForSomebody())
            first.cut()
        }
        // As three, and as two, kills in the middle of the work leave it.
        for (id, tries) in zip(ids, [3, 2]) { try home.setTries(tries, of: id) }
        let second = try rig(home)
        #expect(try second.wait(for: "failed", of: ids[0]))
        let error = try #require(try second.job(ids[0])["error"] as? [String: Any])
        #expect(error["code"] as? String == "abandoned")
        #expect(try second.events(ids[0]).last?.name == "failed")
        for id in ids.dropFirst() { #expect(try second.wait(for: "succeeded", of: id)) }
        #expect(try second.metric("deblur_jobs_ended_total{state=\"failed\"}") == 1)
        // It stays so.
        second.service.stop()
        #expect(try rig(home).state(ids[0]) == "failed")
    }

    /// What may be to blame for an end is done alone, after the others.
    @Test(arguments: JobStore.here) func aSuspectIsDoneAlone(store: JobStore) throws {
        let home = try JobHome(store)
        let gate = Gate(isOpen: true)
        var ids: [String] = []
        do {
            let first = try rig(home, gate: gate)
            gate.close()
            ids = try (0..<3).map { try first.postJob(Pictures.png(70, 40, seed: UInt64($0))) }
            #expect(gate.waitForSomebody())
            first.cut()
        }
        try home.setTries(1, of: ids[0])
        let second = try rig(home)
        for id in ids { #expect(try second.wait(for: "succeeded", of: id)) }
        let times = try ids.map { try #require(try second.job($0)["started_at"] as? String) }
        #expect(times[0] >= times[1] && times[0] >= times[2], "\(times)")
    }

    /// Where the try cannot be written the work does not begin.
    @Test func aMediumThatTakesNothingDelaysTheWork() throws {
        let folder = try StateFolder()
        let gate = Gate(isOpen: true)
        let disk = FailingDisk()
        let rig = try rig(folder, gate: gate, disk: disk)
        gate.close()
        let first = try rig.postJob(Pictures.png(500, 500))
        #expect(gate.waitForSomebody())
        let second = try rig.postJob(Pictures.png(70, 40))
        _ = try rig.wait(for: "running", of: second)
        disk.fail(with: ENOSPC)
        gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_spool_errors_total{operation=\"finish\"}") ?? 0 >= 1 })
        disk.fail(with: nil)
        for id in [first, second] { #expect(try rig.wait(for: "succeeded", of: id)) }
    }
}
