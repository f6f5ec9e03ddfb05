import Digests
import Foundation
import HTTP
import Service
import Synchronization
import TestSupport

/// What tests of jobs do again and again.
extension Rig {
    /// Posts a photo as a job; its id.
    func postJob(_ photo: [UInt8], _ query: String = "") throws -> String {
        let answer = try post("/deblur\(query)", photo, headers: ["Prefer: respond-async"])
        guard answer.status == 202, let id = answer.json["id"] as? String else {
            throw TestSupportError("\(answer.status): \(answer.text)")
        }
        return id
    }

    func job(_ id: String) throws -> [String: Any] { try get("/jobs/\(id)").json }

    func state(_ id: String) throws -> String { try job(id)["state"] as? String ?? "none" }

    /// Waits until a job is in a state.
    func wait(for state: String, of id: String) throws -> Bool { try eventually { try self.state(id) == state } }

    /// Ends the service while the gate holds a tile of several: that tile's image is never finished.
    func cut() {
        let ended = DispatchSemaphore(value: 0)
        DispatchQueue.global().async { [service] in
            service.stop()
            ended.signal()
        }
        // The scheduler has been told to stop once nothing waits in it any more.
        _ = eventually { service.state.loadedEngine?.scheduler.queuedTiles == 0 }
        network.gate.open()
        ended.wait()
    }

    /// The whole event stream of a job that ends.
    func events(_ id: String, after last: String? = nil) throws -> [Event] {
        let client = try client()
        client.get("/jobs/\(id)/events", headers: last.map { ["Last-Event-ID: \($0)"] } ?? [])
        let head = try client.streamHead()
        guard head.status == 200 else { throw TestSupportError("\(head.status)") }
        var text: [UInt8] = []
        while let chunk = try client.chunk() { text += chunk }
        return Event.parse(text)
    }
}

struct Event: Equatable {
    var id = ""
    var name = ""
    var data = ""

    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any] ?? [:]
    }

    /// As WHATWG HTML §9.2.6 says, for what is sent here: one line per field, no BOM.
    static func parse(_ text: [UInt8]) -> [Event] {
        String(decoding: text, as: UTF8.self).components(separatedBy: "\n\n").compactMap { block in
            var event = Event()
            for line in block.components(separatedBy: "\n") {
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
            }
            return event.name.isEmpty ? nil : event
        }
    }
}

/// A folder that goes away with the test.
final class StateFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "deblur-test-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Paths below the folder, of files alone.
    var files: [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}

extension StateFolder {
    /// The text of a job's record.
    func record(_ id: String) throws -> String { try String(contentsOfFile: "\(path)/jobs/\(id)/record", encoding: .utf8) }

    /// Changes the text of a record and makes its checksum right again.
    func change(_ id: String, _ change: (String) -> String) throws {
        let text = try record(id)
        guard let line = text.firstIndex(of: "\n") else { throw TestSupportError("no record of \(id)") }
        let json = change(String(text[text.index(after: line)...]))
        try Data("\(SHA256.hash(json.utf8).hex)\n\(json)".utf8).write(to: URL(filePath: "\(path)/jobs/\(id)/record"))
    }
}

/// The real file system until it is told to fail.
final class FailingDisk: SpoolDisk {
    private let real = PosixDisk()
    private let code = Mutex<Int32?>(nil)
    private let told = Mutex<Int?>(nil)
    private let ending = Mutex("")

    /// ENOSPC: writes leave half of the file behind, names can still be changed. EROFS: nothing can be changed.
    /// Nil: all is well again.
    func fail(with code: Int32?) { self.code.withLock { $0 = code } }

    /// What it says is free, in bytes; nil: what is.
    func tell(room: Int?) { told.withLock { $0 = room } }

    /// Only paths that end so are concerned.
    func fail(onlyAt ending: String) { self.ending.withLock { $0 = ending } }

    private func check(_ call: String, _ path: String, writes: Bool = false) throws {
        guard let code = code.withLock({ $0 }), writes || code != ENOSPC, path.hasSuffix(ending.withLock { $0 }) else { return }
        throw DiskError(call: call, path: path, code: code)
    }

    func makeFolder(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { return }
        try check("mkdir", path, writes: true)
        try real.makeFolder(path)
    }

    func write(_ bytes: UnsafeRawBufferPointer, to path: String, synced: Bool) throws {
        if code.withLock({ $0 }) == ENOSPC {
            guard path.hasSuffix(ending.withLock { $0 }) else { return try real.write(bytes, to: path, synced: synced) }
            try real.write(UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2)), to: path, synced: false)
        }
        try check("write", path, writes: true)
        try real.write(bytes, to: path, synced: synced)
    }

    func rename(_ path: String, to other: String) throws {
        try check("rename", path)
        try real.rename(path, to: other)
    }

    func remove(_ path: String) throws {
        try check("remove", path)
        try real.remove(path)
    }

    func sync(folder path: String) throws { try real.sync(folder: path) }
    func read(_ path: String, limit: Int) throws -> [UInt8] { try real.read(path, limit: limit) }
    func list(_ path: String) throws -> [String] { try real.list(path) }
    func size(of path: String) -> Int? { real.size(of: path) }
    func room(at path: String) -> Int? { told.withLock { $0 } ?? real.room(at: path) }
}
