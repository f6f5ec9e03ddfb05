import Foundation
import HTTP
import TestSupport

/// A connection of a test: sends bytes as they are and reads whole answers.
final class Client {
    struct Answer {
        var status = 0
        var headers = HTTPHeaders()
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }
        /// Of a problem.
        var code: String? { json["code"] as? String }
        var detail: String { json["detail"] as? String ?? "" }
    }

    private var socket: Int32
    private var buffer: [UInt8] = []

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: Int(Patience.seconds(30)), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestSupportError("connect: \(String(cString: strerror(errno)))") }
    }

    deinit { if socket >= 0 { close(socket) } }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// One request with a body.
    func post(_ target: String, _ body: [UInt8], headers: [String] = []) {
        let lines = ["POST \(target) HTTP/1.1", "Host: test", "Content-Length: \(body.count)"] + headers
        send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    func get(_ target: String, method: String = "GET", headers: [String] = []) {
        send((["\(method) \(target) HTTP/1.1", "Host: test"] + headers).joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// Ends both directions, in good order.
    func leave() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Closes with a reset, as when a client is killed or its network is lost.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(socket)
        socket = -1
    }

    /// The next final answer; interim ones are passed over.
    func answer(isHead: Bool = false) throws -> Answer {
        while true {
            let end = try fill { $0.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound }
            let head = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
            buffer.removeFirst(end)
            var answer = Answer()
            answer.status = Int(head[0].split(separator: " ")[1]) ?? 0
            for line in head.dropFirst() where !line.isEmpty {
                let parts = line.split(separator: ":", maxSplits: 1)
                answer.headers.add(String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
            }
            if answer.status < 200 { continue }
            guard !isHead, answer.status != 204, answer.status != 304 else { return answer }
            guard let length = answer.headers["Content-Length"].flatMap({ Int($0) }) else {
                throw TestSupportError("no Content-Length: \(head)")
            }
            _ = try fill { $0.count >= length ? length : nil }
            answer.body = Array(buffer[..<length])
            buffer.removeFirst(length)
            return answer
        }
    }

    /// The head of an answer whose content comes in chunks.
    func streamHead() throws -> Answer {
        let end = try fill { $0.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound }
        let head = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        buffer.removeFirst(end)
        var answer = Answer()
        answer.status = Int(head[0].split(separator: " ")[1]) ?? 0
        for line in head.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.headers.add(String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
        }
        return answer
    }

    /// The next chunk; nil for the last one.
    func chunk() throws -> [UInt8]? {
        let end = try fill { $0.firstRange(of: [0x0D, 0x0A])?.upperBound }
        guard let size = Int(String(decoding: buffer[..<(end - 2)], as: UTF8.self), radix: 16) else {
            throw TestSupportError("no chunk size")
        }
        _ = try fill { $0.count >= end + size + 2 ? 0 : nil }
        let bytes = Array(buffer[end..<end + size])
        buffer.removeFirst(end + size + 2)
        return size == 0 ? nil : bytes
    }

    private func fill(until found: ([UInt8]) -> Int?) throws -> Int {
        while true {
            if let end = found(buffer) { return end }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(socket, &chunk, chunk.count, 0)
            guard count > 0 else {
                throw TestSupportError("the connection ended after \(buffer.count) bytes (\(count))")
            }
            buffer += chunk[..<count]
        }
    }
}
