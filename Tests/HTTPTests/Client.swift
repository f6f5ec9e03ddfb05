import Foundation
import Sockets
import TestSupport

/// A client that sends and reads exactly what a test says.
final class Client {
    let socket: StreamSocket
    private var buffer: [UInt8] = []
    private(set) var isAtEnd = false
    /// The error number of a broken connection.
    private(set) var brokenBy: Int32?

    init(_ address: SocketAddress, timeout: Double = Patience.seconds(10)) throws {
        socket = try StreamSocket.connect(to: address, timeout: timeout)
    }

    /// Sends all of it; false when the connection broke on the way.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        let deadline = Date().addingTimeInterval(Patience.seconds(10))
        while sent < bytes.count {
            let outcome = bytes.withUnsafeBytes { socket.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            switch outcome {
            case .bytes(let count): sent += count
            case .wouldBlock:
                if Date() > deadline { return false }
                usleep(1000)
            default: return false
            }
        }
        return true
    }

    /// Reads once more; false at the end, when the connection broke, or when nothing came in time.
    private func fill() -> Bool {
        if isAtEnd { return false }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        switch room.withUnsafeMutableBytes({ socket.read(into: $0) }) {
        case .bytes(let count):
            buffer += room[..<count]
            return true
        case .end: isAtEnd = true
        case .failed(let number):
            isAtEnd = true
            brokenBy = number
        case .wouldBlock: break
        }
        return false
    }

    /// The next response: its head's lines and its body by Content-Length or chunks. Nil when it does not come whole.
    func response(toHead isHead: Bool = false) -> Reply? {
        let mark = Array("\r\n\r\n".utf8)
        var end = buffer.firstRange(of: mark)
        while end == nil {
            guard fill() else { return nil }
            end = buffer.firstRange(of: mark)
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        buffer.removeSubrange(..<end.upperBound)
        var reply = Reply(line: lines[0], fields: Array(lines.dropFirst()), body: [])
        if isHead || reply.status == 204 || reply.status == 304 || reply.status < 200 { return reply }
        if let length = reply["Content-Length"].flatMap({ Int($0) }) {
            while buffer.count < length { guard fill() else { return nil } }
            reply.body = Array(buffer[..<length])
            buffer.removeSubrange(..<length)
        } else if reply["Transfer-Encoding"] == "chunked" {
            while let chunk = chunk() {
                if chunk.isEmpty { return reply }
                reply.body += chunk
            }
            return nil
        } else {
            reply.body = rest()
        }
        return reply
    }

    /// The next chunk's data, empty for the last one; nil when it does not come whole.
    func chunk() -> [UInt8]? {
        var end = buffer.firstRange(of: [0x0D, 0x0A])
        while end == nil {
            guard fill() else { return nil }
            end = buffer.firstRange(of: [0x0D, 0x0A])
        }
        guard let end, let size = Int(String(decoding: buffer[..<end.lowerBound], as: UTF8.self), radix: 16) else {
            return nil
        }
        while buffer.count < end.upperBound + size + 2 { guard fill() else { return nil } }
        let data = Array(buffer[end.upperBound..<(end.upperBound + size)])
        buffer.removeSubrange(..<(end.upperBound + size + 2))
        return data
    }

    /// Everything until the connection's end (or until nothing comes in time).
    func rest() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether the server ends the connection, with nothing more said.
    func isClosed() -> Bool { rest().isEmpty && isAtEnd }
}

/// A response as it came.
struct Reply {
    let line: String
    let fields: [String]
    var body: [UInt8]

    var status: Int { Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of the first field of that name.
    subscript(name: String) -> String? {
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                return parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }
}
