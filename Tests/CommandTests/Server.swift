import Foundation
import TestSupport

/// `deblur serve` on a Unix socket, with its state in a folder; killed at the end.
final class Server: @unchecked Sendable {
    // Safe to share: each request has a socket of its own, the rest is constant.
    struct Answer {
        var status = 0
        var head = ""
        var body: [UInt8] = []

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }
    }

    private let process = Process()
    private let socketPath: String

    /// Returns when it is ready.
    init(_ folder: Folder, _ arguments: String...) throws {
        socketPath = folder.path("s")
        process.executableURL = Program.url
        process.arguments =
            ["serve", "--unix-socket", socketPath, "--state-dir", folder.path("state"), "--threads", "1"] + arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<600 {
            if try Program.run("health", "--url", "unix:\(socketPath)").status == 0 { return }
            usleep(100_000)
        }
        throw TestSupportError("not ready within a minute")
    }

    deinit { kill() }

    /// SIGKILL: nothing is put in order.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Bytes of proc(5) status: `VmRSS` now, `VmHWM` at most.
    func memory(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        guard let kilobytes = line?.split(separator: "\t").last?.split(separator: " ").first.flatMap({ Int($0) })
        else { throw TestSupportError("no \(name) in proc") }
        return kilobytes << 10
    }

    /// From now on `VmHWM` is the peak since.
    func forgetPeak() throws {
        try "5".write(
            toFile: "/proc/\(process.processIdentifier)/clear_refs", atomically: false, encoding: .utf8)
    }

    func request(_ method: String, _ target: String, _ body: [UInt8] = [], headers: [String] = []) throws -> Answer {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socketPath.utf8) + [0]) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw TestSupportError("connect: \(String(cString: strerror(errno)))") }
        let lines = ["\(method) \(target) HTTP/1.1", "Host: a", "Connection: close", "Content-Length: \(body.count)"]
        let text = (lines + headers).joined(separator: "\r\n") + "\r\n\r\n"
        var rest = (Array(text.utf8) + body)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw TestSupportError("send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(socket, &chunk, chunk.count, 0), count > 0 { bytes += chunk[..<count] }
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw TestSupportError("no answer") }
        var answer = Answer()
        answer.head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        answer.status = Int(answer.head.dropFirst(9).prefix(3)) ?? 0
        answer.body = Array(bytes[end.upperBound...])
        return answer
    }
}
