import Deblur
import Foundation
import Images
import Logging
import Service
import Synchronization
import TestSupport

/// A service on a free port of 127.0.0.1 with a fake network, for one test.
final class Rig {
    let service: Service
    let port: Int
    let network: FakeNetwork
    let log: LogLines
    /// Goes when the service has ended.
    private let home: JobHome?

    init(
        _ flags: [String: String] = [:], network: FakeNetwork = FakeNetwork(), isLoaded: Bool = true,
        knownAnswer: KnownAnswer? = nil, disk: any SpoolDisk = PosixDisk(), digest: String = FakeNetwork.digest,
        on store: JobStore = .folder
    ) throws {
        home = store == .database ? try JobHome(store) : nil
        let defaults = [
            "port": "0", "threads": "2", "max-body": "4MiB", "memory-budget": "256MiB", "max-pixels": "4MP",
            "drain": "5s", "log-level": "debug",
        ]
        let options = try ServeOptions(
            flags: defaults.merging(home?.flags ?? [:]) { $1 }.merging(flags) { $1 }, environment: [:])
        let lines = LogLines()
        log = lines
        let logger = Logger(label: "test") { label in
            LineLogHandler(label: label, format: options.logFormat, level: .debug) { lines.add($0) }
        }
        self.network = network
        service = try Service(options: options, logger: logger, disk: disk)
        port = try service.start().first?.port ?? 0
        // The self test runs through the gate as well.
        if isLoaded { service.use(try network.model(knownAnswer: knownAnswer, digest: digest)) }
    }

    deinit {
        network.gate.open()
        service.stop()
    }

    func client() throws -> Client { try Client(port: port) }

    func post(_ target: String, _ body: [UInt8], headers: [String] = []) throws -> Client.Answer {
        let client = try client()
        client.post(target, body, headers: headers)
        return try client.answer()
    }

    func get(_ target: String, method: String = "GET", headers: [String] = []) throws -> Client.Answer {
        let client = try client()
        client.get(target, method: method, headers: headers)
        return try client.answer(isHead: method == "HEAD")
    }

    /// The value of a metric's line, labels included in the name; nil when there is no such line.
    func metric(_ name: String) throws -> Double? {
        try get("/metrics").text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// Waits ten seconds at least, and longer where ``Patience`` says so.
    func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<Int(1000 * Patience.factor) {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }
}

final class Flag: Sendable {
    private let value = Mutex(false)
    func set() { value.withLock { $0 = true } }
    var isSet: Bool { value.withLock { $0 } }
}

final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

enum Pictures {
    /// Values 0…200, so that a small residual is never clamped.
    static func raster(_ width: Int, _ height: Int, channels: Int = 3, seed: UInt64 = 1) throws -> Raster {
        let raster = try Raster(width: width, height: height, channels: channels, bitDepth: 8)
        for y in 0..<height {
            raster.withMutableRow(y) { row in
                for index in row.indices { row[index] = UInt8((index * 3 + y * 5 + Int(seed)) % 201) }
            }
        }
        return raster
    }

    static func png(_ width: Int, _ height: Int, channels: Int = 3, seed: UInt64 = 1) throws -> [UInt8] {
        try Image(raster: raster(width, height, channels: channels, seed: seed)).encode()
    }

    static func jpeg(_ width: Int, _ height: Int, channels: Int = 3, seed: UInt64 = 1) throws -> [UInt8] {
        try Image(raster: raster(width, height, channels: channels, seed: seed))
            .encode(EncodeOptions(format: .jpeg, quality: 90))
    }
}
