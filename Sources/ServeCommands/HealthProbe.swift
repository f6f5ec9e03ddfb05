import Foundation

/// One GET over a plain socket: all that a health check needs of HTTP.
enum HealthProbe {
    struct Failure: Error { let reason: String }

    enum Target: Equatable {
        case internet(host: String, port: String)
        case unix(path: String)

        /// `http://HOST[:PORT][/…]` or `unix:PATH`.
        init?(_ text: String) {
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
            self = .internet(host: bare, port: String(url.port ?? 80))
        }
    }

    static func get(_ path: String, from target: Target, seconds: Double) throws -> (status: Int, text: String) {
        let socket = try connect(target, seconds: seconds)
        defer { close(socket) }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw failure("send")
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < 65_536 {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0 { throw failure("receive") }
            if count == 0 { break }
            answer += buffer[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard text.hasPrefix("HTTP/1."), let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Failure(reason: "the answer is not HTTP") }
        let body = text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        return (status, body.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static func connect(_ target: Target, seconds: Double) throws -> Int32 {
        switch target {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // At most 107 of 108 bytes: the target was checked.
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let socket = try open(AF_UNIX, seconds)
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, length) }
            }
            if result == 0 { return socket }
            defer { close(socket) }
            throw failure("connect")
        case .internet(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(host, port, &hints, &list) == 0 else { throw Failure(reason: "unknown host") }
            defer { freeaddrinfo(list) }
            var last = Failure(reason: "no address")
            for entry in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap({ $0?.pointee }) {
                let socket = try open(entry.ai_family, seconds)
                if Glibc.connect(socket, entry.ai_addr, entry.ai_addrlen) == 0 { return socket }
                last = failure("connect")
                close(socket)
            }
            throw last
        }
    }

    /// A socket whose calls all end within that time.
    private static func open(_ family: Int32, _ seconds: Double) throws -> Int32 {
        let socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw failure("socket") }
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e6))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        return socket
    }

    private static func failure(_ call: String) -> Failure {
        Failure(reason: "\(call): \(String(cString: strerror(errno)))")
    }
}
