import Foundation
import Service
import TestSupport
import Testing

/// Questions about jobs, asked by several callers at once.
@Suite struct JobDeskTests {
    private func ask(_ rig: Rig, _ path: String, from address: String) throws -> Client {
        let client = try rig.client()
        client.get(path, headers: ["X-Forwarded-For: \(address)"])
        return client
    }

    private func finishedJob(_ disk: PatientDisk) throws -> (StateFolder, Rig, path: String) {
        let folder = try StateFolder()
        let rig = try Rig(["trust-proxy": "127.0.0.1", "state-dir": folder.path], disk: disk)
        let id = try rig.postJob(Pictures.png(100, 100))
        #expect(try rig.wait(for: "succeeded", of: id))
        let path = "/jobs/\(id)/exits"
        // A moment later its tiles are on disk alone.
        #expect(try rig.eventually { try rig.get(path).status == 200 && disk.arrived > 0 })
        return (folder, rig, path)
    }

    /// Twenty questions of one caller, of which four have reached the disk and wait there.
    private func askManyTimes(_ rig: Rig, _ path: String, _ disk: PatientDisk) throws -> [Client] {
        disk.hold()
        let many = try (0..<20).map { _ in try ask(rig, path, from: "10.0.0.1") }
        #expect(rig.eventually { disk.arrived == 4 })
        return many
    }

    /// Four are asked at a time; a neighbour's question comes after one of those that wait, not after all.
    @Test func callersTakeTurns() throws {
        let disk = PatientDisk()
        defer { disk.letThrough(.max) }
        let (folder, rig, path) = try finishedJob(disk)
        let many = try askManyTimes(rig, path, disk)
        let neighbour = try ask(rig, path, from: "10.0.0.2")
        usleep(100_000)
        #expect(disk.arrived == 4, "no more at a time")
        disk.letThrough(10)
        #expect(try neighbour.answer().status == 200)
        disk.letThrough(.max)
        for client in many { #expect(try client.answer().status == 200) }
        withExtendedLifetime(folder) {}
    }

    /// What nobody waits for any more is not read.
    @Test func whoLeavesAsksNothing() throws {
        let disk = PatientDisk()
        defer { disk.letThrough(.max) }
        let (folder, rig, path) = try finishedJob(disk)
        let many = try askManyTimes(rig, path, disk)
        usleep(100_000)
        for client in many { client.reset() }
        let gone = { rig.log.all.count { $0.contains("/exits") && $0.contains("499") } }
        #expect(rig.eventually { gone() == 20 }, "\(gone())")
        usleep(100_000)
        let last = try ask(rig, path, from: "10.0.0.1")
        disk.letThrough(.max)
        #expect(try last.answer().status == 200)
        #expect(disk.arrived == 5)
        withExtendedLifetime(folder) {}
    }
}

/// The real file system, whose records can be read only so many times once it is told to hold them.
private final class PatientDisk: SpoolDisk, @unchecked Sendable {
    // Safe to share: everything happens under the condition's lock.
    private let condition = NSCondition()
    private var isHeld = false
    private var mayPass = 0
    private var arrivals = 0
    private let real = PosixDisk()

    func hold() { condition.withLock { (isHeld, arrivals) = (true, 0) } }

    /// In the order in which they came.
    func letThrough(_ count: Int) {
        condition.withLock {
            mayPass = count
            condition.broadcast()
        }
    }

    var arrived: Int { condition.withLock { arrivals } }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        condition.withLock {
            guard path.hasSuffix("/record") else { return }
            let own = arrivals
            arrivals += 1
            while isHeld, own >= mayPass { condition.wait() }
        }
        return try real.read(path, limit: limit)
    }

    func makeFolder(_ path: String) throws { try real.makeFolder(path) }
    func write(_ bytes: UnsafeRawBufferPointer, to path: String, synced: Bool) throws {
        try real.write(bytes, to: path, synced: synced)
    }
    func rename(_ path: String, to other: String) throws { try real.rename(path, to: other) }
    func remove(_ path: String) throws { try real.remove(path) }
    func sync(folder path: String) throws { try real.sync(folder: path) }
    func list(_ path: String) throws -> [String] { try real.list(path) }
    func size(of path: String) -> Int? { real.size(of: path) }
    func room(at path: String) -> Int? { real.room(at: path) }
}
