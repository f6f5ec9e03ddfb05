import Foundation
import HTTP
import Service
import TestSupport
import Testing

/// A state folder that becomes full, read-only or damaged while the service runs, or before it starts.
@Suite struct JobDiskTests {
    private func rig(
        _ folder: String, gate: Gate = Gate(isOpen: true), disk: any SpoolDisk = PosixDisk()
    ) throws -> Rig {
        let flags = ["state-dir": folder, "threads": "1", "queue": "100000"]
        return try Rig(flags, network: FakeNetwork(gate: gate), disk: disk)
    }

    @Test(arguments: [(ENOSPC, "full"), (EROFS, "read-only"), (EIO, "cannot be written")])
    func newJobsAreRefusedUntilThereIsRoom(code: Int32, word: String) throws {
        let folder = try StateFolder()
        let disk = FailingDisk()
        let rig = try rig(folder.path, disk: disk)
        disk.fail(with: code)
        let refused = try rig.post("/deblur", Pictures.png(40, 40), headers: ["Prefer: respond-async"])
        #expect(refused.status == 507 && refused.code == "insufficient_storage" && refused.detail.contains(word))
        #expect(refused.headers["Retry-After"] != nil && refused.headers["Location"] == nil)
        #expect(try rig.get("/readyz").status == 200)
        #expect(try rig.post("/deblur", Pictures.png(40, 40)).status == 200)
        #expect(try rig.metric("deblur_spool_bytes") == 0)
        #expect(try rig.metric("deblur_spool_errors_total{operation=\"accept\"}") == 1)
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 0 })
        disk.fail(with: nil)
        let id = try rig.postJob(Pictures.png(40, 40))
        #expect(try rig.wait(for: "succeeded", of: id))
        #expect(folder.files == ["preview", "record", "result"].map { "jobs/\(id)/\($0)" }, "nothing is left of what was refused")
    }

    @Test(arguments: [ENOSPC, EROFS])
    func resultsWaitForRoom(code: Int32) throws {
        let folder = try StateFolder()
        let (disk, gate) = (FailingDisk(), Gate(isOpen: true))
        let rig = try rig(folder.path, gate: gate, disk: disk)
        let photo = try Pictures.png(70, 40)
        gate.close()
        let id = try rig.postJob(photo)
        #expect(gate.waitForSomebody())
        disk.fail(with: code)
        gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_spool_errors_total{operation=\"finish\"}") ?? 0 >= 1 })
        #expect(try rig.state(id) == "running")
        #expect(try rig.get("/jobs/\(id)/result").status == 409)
        #expect(!folder.files.contains("jobs/\(id)/result"), "no half of a result under its name")
        disk.fail(with: nil)
        #expect(try rig.wait(for: "succeeded", of: id))
        #expect(try rig.get("/jobs/\(id)/result").body == rig.post("/deblur", photo).body)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
    }

    @Test func aKillWhileAResultWaitsForRoomLosesNothing() throws {
        let folder = try StateFolder()
        let disk = FailingDisk()
        let photo = try Pictures.png(70, 40)
        var id = ""
        do {
            let gate = Gate(isOpen: true)
            let first = try rig(folder.path, gate: gate, disk: disk)
            gate.close()
            id = try first.postJob(photo)
            // It is begun, and that is on disk.
            #expect(gate.waitForSomebody())
            disk.fail(with: ENOSPC)
            gate.open()
            let failures = "deblur_spool_errors_total{operation=\"finish\"}"
            #expect(try first.eventually { try first.metric(failures) ?? 0 >= 1 })
        }
        let second = try rig(folder.path)
        #expect(try second.wait(for: "succeeded", of: id))
        #expect(try second.get("/jobs/\(id)/result").body == second.post("/deblur", photo).body)
    }

    @Test(arguments: [ENOSPC, EROFS])
    func deletionsWorkWithoutRoom(code: Int32) throws {
        let folder = try StateFolder()
        let disk = FailingDisk()
        do {
            let rig = try rig(folder.path, disk: disk)
            let done = try rig.postJob(Pictures.png(40, 40))
            #expect(try rig.wait(for: "succeeded", of: done))
            rig.network.gate.close()
            let running = try rig.postJob(Pictures.png(40, 40))
            disk.fail(with: code)
            for id in [done, running] { #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204) }
            #expect(try rig.get("/jobs/\(done)").status == 410)
            #expect(try rig.state(running) == "cancelled")
            rig.network.gate.open()
            disk.fail(with: nil)
            #expect(rig.eventually { folder.files.allSatisfy { $0.hasSuffix("/record") } }, "\(folder.files)")
            // The records are written a little later than the files go.
            #expect(try rig.eventually { try rig.metric("deblur_spool_bytes") == 0 })
        }
        let second = try rig(folder.path)
        #expect(try second.metric("deblur_jobs{state=\"queued\"}") == 0)
        #expect(try second.metric("deblur_jobs{state=\"running\"}") == 0)
        #expect(try second.metric("deblur_jobs{state=\"cancelled\"}") == 1)
    }

    /// What is free has to take the photo and the largest end of all: to the byte, and after ends of every kind as at first.
    @Test func photosLeaveRoomForTheEndsOfAll() throws {
        let folder = try StateFolder()
        let (disk, gate) = (FailingDisk(), Gate(isOpen: true))
        let rig = try rig(folder.path, gate: gate, disk: disk)
        let (small, large) = (try Pictures.png(40, 40), try Pictures.png(400, 300))
        func isTaken(_ photo: [UInt8], room: Int) throws -> Bool {
            disk.tell(room: room)
            defer { disk.tell(room: nil) }
            let answer = try rig.post("/deblur?exit=1", photo, headers: ["Prefer: respond-async"])
            guard answer.status == 202, let id = answer.json["id"] as? String else {
                #expect(answer.status == 507 && answer.code == "insufficient_storage" && answer.detail.contains("full"))
                return false
            }
            #expect(try rig.wait(for: "succeeded", of: id))
            return true
        }
        // The least room that is enough for a small photo.
        var (less, enough) = (0, 16 << 20)
        while enough - less > 1 {
            let room = (less + enough) / 2
            if try isTaken(small, room: room) { enough = room } else { less = room }
        }
        #expect(enough > small.count + 40 * 40 * 3)
        #expect(try !isTaken(large, room: enough))
        gate.close()
        let running = try rig.postJob(large)
        #expect(gate.waitForSomebody())
        let queued = try rig.postJob(large)
        #expect(try !isTaken(small, room: enough) && !isTaken(small, room: enough + 400 * 300 * 3), "room for the large ones")
        for id in [queued, running] { #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204) }
        gate.open()
        #expect(try rig.eventually { try isTaken(small, room: enough) }, "cancelled")
        #expect(try rig.wait(for: "succeeded", of: rig.postJob(large)))
        #expect(try rig.eventually { try isTaken(small, room: enough) }, "succeeded")
        #expect(try !isTaken(small, room: less))
        disk.fail(with: ENOSPC)
        #expect(try rig.post("/deblur", large, headers: ["Prefer: respond-async"]).status == 507)
        disk.fail(with: nil)
        #expect(try isTaken(small, room: enough), "refused")
    }

    /// A record that has no room must not leave a result behind: the next attempt would need room for two.
    @Test func whatHasNoRoomLeavesNothingBehind() throws {
        let folder = try StateFolder()
        let (disk, gate) = (FailingDisk(), Gate(isOpen: true))
        let rig = try rig(folder.path, gate: gate, disk: disk)
        gate.close()
        let id = try rig.postJob(Pictures.png(70, 40))
        #expect(gate.waitForSomebody())
        disk.fail(onlyAt: "/record.new")
        disk.fail(with: ENOSPC)
        gate.open()
        #expect(try rig.eventually { try rig.metric("deblur_spool_errors_total{operation=\"finish\"}") ?? 0 >= 1 })
        // Attempts follow one another, seconds apart.
        #expect(rig.eventually { folder.files == ["photo", "record"].map { "jobs/\(id)/\($0)" } })
        // It waits for room, so nobody comes in before it.
        let refused = try rig.post("/deblur", Pictures.png(40, 40), headers: ["Prefer: respond-async"])
        #expect(refused.status == 507)
        disk.fail(with: nil)
        #expect(try rig.wait(for: "succeeded", of: id))
        #expect(try rig.wait(for: "succeeded", of: rig.postJob(Pictures.png(40, 40))))
    }

    @Test(.enabled(if: Medium.canMount, "needs the right to mount a tmpfs"))
    func aRealMediumThatFillsUp() throws {
        let medium = try Medium(kibibytes: 1024)
        let gate = Gate(isOpen: true)
        let rig = try rig(medium.path, gate: gate)
        var (ids, refused): ([String], Client.Answer?) = ([], nil)
        // Nothing ends before it is full of photos.
        gate.close()
        for seed in 0..<200 where refused == nil {
            let answer = try rig.post(
                "/deblur?format=png", Pictures.png(120, 90, seed: UInt64(seed)), headers: ["Prefer: respond-async"])
            if answer.status == 202 { ids.append(answer.json["id"] as? String ?? "") } else { refused = answer }
        }
        gate.open()
        #expect(refused?.status == 507 && refused?.code == "insufficient_storage" && ids.count > 4)
        #expect(refused?.detail.contains("full") ?? false)
        #expect(PosixDisk().room(at: medium.path) ?? 0 > 120 * 90 * 3, "room for a result")
        // Make room bit by bit: every job that was accepted comes to its end.
        for id in ids {
            #expect(try rig.wait(for: "succeeded", of: id))
            #expect(try rig.get("/jobs/\(id)/result").status == 200)
            #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 204)
        }
        let id = try rig.postJob(Pictures.png(120, 90))
        #expect(try rig.wait(for: "succeeded", of: id))
        try medium.makeReadOnly(true)
        #expect(try rig.get("/jobs/\(id)/result").status == 200)
        let second = try rig.post("/deblur", Pictures.png(40, 40), headers: ["Prefer: respond-async"])
        #expect(second.status == 507 && second.detail.contains("read-only"))
        try medium.makeReadOnly(false)
        #expect(try rig.wait(for: "succeeded", of: rig.postJob(Pictures.png(40, 40))))
        rig.service.stop()
    }

    @Test func damagedEntriesAreNamedAndSetAside() throws {
        let seed: UInt64 = 20
        var random = SeededRandom(seed: seed)
        for round in 0..<10 {
            let folder = try StateFolder()
            let gate = Gate(isOpen: true)
            let photo = try Pictures.png(40, 40)
            var (finished, queued): ([String], [String]) = ([], [])
            var reference: [UInt8] = []
            do {
                let first = try rig(folder.path, gate: gate)
                for _ in 0..<15 { finished.append(try first.postJob(photo, "?exit=1")) }
                for id in finished { #expect(try first.wait(for: "succeeded", of: id)) }
                reference = try first.get("/jobs/\(finished[0])/result").body
                gate.close()
                for _ in 0..<10 { queued.append(try first.postJob(photo, "?exit=1")) }
                #expect(gate.waitForSomebody())
                first.cut()
            }
            var touched: Set<String> = []
            for id in (finished + queued).shuffled(using: &random).prefix(20) {
                touched.insert(id)
                try Damage.random(&random, in: "\(folder.path)/jobs/\(id)")
            }
            let second = try rig(folder.path)
            for id in finished + queued {
                #expect(try second.eventually { !["queued", "running"].contains(try second.state(id)) })
                let result = try second.get("/jobs/\(id)/result")
                let context = "seed \(seed), round \(round), \(id): \(result.status) \(result.code ?? "")"
                if result.status == 200 {
                    #expect(result.body == reference, "\(context)")
                } else {
                    #expect(touched.contains(id) && [404, 500].contains(result.status), "\(context)")
                    #expect(second.log.all.contains { $0.contains(id) }, "\(context)")
                }
            }
            #expect(try second.wait(for: "succeeded", of: second.postJob(photo)))
        }
    }
}

/// What happens to files on bad disks and by wrong hands.
enum Damage {
    static func random(_ random: inout SeededRandom, in folder: String) throws {
        let files = FileManager.default
        let names = try files.contentsOfDirectory(atPath: folder).sorted()
        let path = "\(folder)/\(names[Int(random.next() % UInt64(names.count))])"
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
        switch random.next() % 7 {
        case 0: try files.removeItem(atPath: path)
        case 1: bytes.removeLast(1 + Int(random.next() % UInt64(bytes.count)))
        case 2: bytes += (0..<(1 + random.next() % 100)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 3:
            for _ in 0..<(1 + random.next() % 8) {
                bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
            }
        case 4: bytes = bytes.map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 5:
            // A pipe, a folder or a link in the file's place.
            try files.removeItem(atPath: path)
            switch random.next() % 3 {
            case 0: mkfifo(path, 0o600)
            case 1: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            default: try files.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
            }
            return
        default: bytes = []
        }
        if files.fileExists(atPath: path) { try Data(bytes).write(to: URL(filePath: path)) }
    }
}

/// A small file system in memory.
final class Medium {
    let path: String

    static let canMount: Bool = {
        guard geteuid() == 0, let medium = try? Medium(kibibytes: 64) else { return false }
        return !medium.path.isEmpty
    }()

    init(kibibytes: Int) throws {
        path = FileManager.default.temporaryDirectory.path + "/deblur-medium-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k,mode=0700") == 0 else {
            throw TestSupportError("mount: \(String(cString: strerror(errno)))")
        }
    }

    func makeReadOnly(_ isReadOnly: Bool) throws {
        let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        guard mount("tmpfs", path, "tmpfs", flags, nil) == 0 else {
            throw TestSupportError("remount: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
