import Foundation
import Sockets

/// The smallest of clients: one GET, for health checks from a command line. Waits for the answer.
public enum HTTPProbe {
    public struct Answer: Sendable {
        public let status: Int
        /// At most 64 KiB of the content.
        public let body: String
    }

    /// - Parameters:
    ///   - authority: value of Host.
    ///   - path: must be a sound request target.
    ///   - seconds: longest wait for the whole answer.
    /// - Throws: ``SocketError``; its call is `read` when what came is no HTTP answer or comes too late.
    public static func get(
        _ address: SocketAddress, authority: String, path: String, timeout seconds: Double = 5
    ) throws(SocketError) -> Answer {
        let socket = try StreamSocket.connect(to: address, timeout: seconds)
        let request = "GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        var bytes = Array(request.utf8)
        guard case .bytes(bytes.count) = bytes.withUnsafeBytes({ socket.write($0) }) else {
            throw SocketError(call: "write", code: errno, subject: address.description)
        }
        let deadline = Clock.milliseconds + UInt64(seconds * 1000)
        var answer: [UInt8] = []
        bytes = [UInt8](repeating: 0, count: 8 << 10)
        reading: while answer.count < 64 << 10, Clock.milliseconds < deadline {
            switch bytes.withUnsafeMutableBytes({ socket.read(into: $0) }) {
            case .bytes(let count): answer += bytes[..<count]
            case .end: break reading
            case .wouldBlock: throw SocketError(call: "read", code: ETIMEDOUT, subject: address.description)
            case .failed(let code): throw SocketError(call: "read", code: code, subject: address.description)
            }
        }
        let text = String(decoding: answer, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.hasPrefix("HTTP/1."), parts.count == 2, let status = Int(text.dropFirst(9).prefix(3)) else {
            throw SocketError(call: "read", code: EPROTO, subject: address.description)
        }
        return Answer(status: status, body: String(parts[1]))
    }
}
