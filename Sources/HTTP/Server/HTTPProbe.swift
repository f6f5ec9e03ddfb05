import Foundation
import Sockets

/// The smallest of clients: one GET, for health checks from a command line. Waits for the answer.
public enum HTTPProbe {
    public enum Target: Equatable, Sendable {
        case internet(host: String, port: Int)
        case unix(path: String)

        /// `http://HOST[:PORT][/…]` or `unix:PATH`; nil for other text.
        public init?(_ text: String) {
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst(5))
                guard (1...107).contains(path.utf8.count) else { return nil }
                self = .unix(path: path)
                return
            }
            guard let url = URL(string: text), url.scheme == "http", let host = url.host(), !host.isEmpty else {
                return nil
            }
            let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            self = .internet(host: bare, port: url.port ?? 80)
        }
    }

    public struct Answer: Sendable {
        public let status: Int
        /// At most 64 KiB of the content.
        public let body: String
    }

    /// - Parameters:
    ///   - path: must be a sound request target.
    ///   - seconds: longest wait for the whole answer.
    ///   - target: where the service listens.
    /// - Throws: `SocketError`; its call is `read` when what came is no HTTP answer or comes too late.
    public static func get(
        _ path: String, from target: Target, timeout seconds: Double = 5
    ) throws(SocketError) -> Answer {
        let socket =
            switch target {
            case .internet(let host, let port): try StreamSocket.connect(host: host, port: port, timeout: seconds)
            case .unix(let path): try StreamSocket.connect(to: .unix(path: path), timeout: seconds)
            }
        var bytes = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard case .bytes(bytes.count) = bytes.withUnsafeBytes({ socket.write($0) }) else {
            throw SocketError(call: "write", code: errno)
        }
        let deadline = Clock.milliseconds + UInt64(seconds * 1000)
        var answer: [UInt8] = []
        bytes = [UInt8](repeating: 0, count: 8 << 10)
        reading: while answer.count < 64 << 10, Clock.milliseconds < deadline {
            switch bytes.withUnsafeMutableBytes({ socket.read(into: $0) }) {
            case .bytes(let count): answer += bytes[..<count]
            case .end: break reading
            case .wouldBlock: throw SocketError(call: "read", code: ETIMEDOUT)
            case .failed(let code): throw SocketError(call: "read", code: code)
            }
        }
        let text = String(decoding: answer, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.hasPrefix("HTTP/1."), parts.count == 2, let status = Int(text.dropFirst(9).prefix(3)) else {
            throw SocketError(call: "read", code: EPROTO)
        }
        return Answer(status: status, body: String(parts[1]))
    }
}
