import CSystem
import Foundation
import Synchronization

/// A bound, listening, non-blocking stream socket.
public final class ListeningSocket: Sendable {
    /// What became of an accept.
    public enum Accepted: Sendable {
        case connection(StreamSocket, from: SocketAddress)
        case wouldBlock
        /// No descriptors or memory are left (EMFILE, ENFILE, ENOBUFS, ENOMEM): the connection waits in the backlog.
        case exhausted
        /// This one connection failed before it was accepted, or the socket is closed.
        case failed(Int32)
    }

    private let handle: Atomic<Int32>
    /// The real address, with the port that the system chose where 0 was asked for.
    public let address: SocketAddress
    /// Device and inode of a Unix socket's file, so that only our own is removed.
    private let file: (UInt64, UInt64)?

    private init(descriptor: Int32, address: SocketAddress, file: (UInt64, UInt64)? = nil) {
        handle = Atomic(descriptor)
        self.address = address
        self.file = file
    }

    deinit { close() }

    /// -1 once closed.
    public var descriptor: Int32 { handle.load(ordering: .relaxed) }

    /// Listens on every address of a name. Where a name has addresses of both families and the machine only one of
    /// them, the other is left out.
    ///
    /// - Parameters:
    ///   - dualStack: whether "::" takes IPv4 connections too.
    ///   - seconds: after which the kernel gives up a peer that acknowledges nothing (TCP_USER_TIMEOUT).
    ///   - host: name or address.
    ///   - port: 0 takes a free one.
    public static func listen(host: String, port: Int, dualStack: Bool, writeTimeout seconds: Double)
        throws(SocketError) -> [ListeningSocket]
    {
        var sockets: [ListeningSocket] = []
        var port = port
        var firstError: SocketError?
        for raw in try RawAddress.resolve(host: host, port: port) {
            do throws(SocketError) {
                // The same port for all addresses of a name.
                let address = raw.description
                let raw = try port == address.port ? raw : RawAddress(address.with(port: port))
                let socket = try listen(raw, dualStack: dualStack, writeTimeout: seconds)
                port = socket.address.port ?? port
                sockets.append(socket)
            } catch {
                guard [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.code) else { throw error }
                firstError = firstError ?? error
            }
        }
        if sockets.isEmpty { throw firstError ?? SocketError(call: "getaddrinfo", code: EAI_NONAME, subject: host) }
        return sockets
    }

    private static func listen(_ raw: RawAddress, dualStack: Bool, writeTimeout seconds: Double)
        throws(SocketError) -> ListeningSocket
    {
        let subject = raw.description.description
        let descriptor = csystem_stream_socket(Int32(raw.family), false)
        guard descriptor >= 0 else { throw SocketError(call: "socket", code: errno, subject: subject) }
        var isKept = false
        defer { if !isKept { Foundation.close(descriptor) } }
        _ = csystem_set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if Int32(raw.family) == AF_INET6 {
            _ = csystem_set_option(descriptor, Int32(IPPROTO_IPV6), csystem_ipv6_v6only, dualStack ? 0 : 1)
        }
        // Accepted sockets inherit these from the listener (Linux), which saves the calls per connection. Probes after
        // half a minute of silence find clients that vanished without a word while their request is worked on.
        _ = csystem_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        _ = csystem_set_option(descriptor, Int32(IPPROTO_TCP), csystem_tcp_keepidle, 30)
        _ = csystem_set_option(descriptor, Int32(IPPROTO_TCP), csystem_tcp_nodelay, 1)
        let milliseconds = Int32(clamping: Int(seconds * 1000))
        _ = csystem_set_option(descriptor, Int32(IPPROTO_TCP), csystem_tcp_user_timeout, milliseconds)
        guard raw.withPointer({ bind(descriptor, $0, $1) }) == 0 else {
            throw SocketError(call: "bind", code: errno, subject: subject)
        }
        guard Foundation.listen(descriptor, 4096) == 0 else {
            throw SocketError(call: "listen", code: errno, subject: subject)
        }
        var bound = RawAddress(storage: sockaddr_storage(), length: socklen_t(MemoryLayout<sockaddr_storage>.size))
        withUnsafeMutablePointer(to: &bound.storage) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &bound.length) }
        }
        isKept = true
        return ListeningSocket(descriptor: descriptor, address: bound.description)
    }

    /// Listens on a path. A socket file that nobody listens on any more is replaced; one in use is an error.
    public static func listen(unixPath path: String) throws(SocketError) -> ListeningSocket {
        let raw = try RawAddress(unixPath: path)
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK {
            do throws(SocketError) {
                _ = try StreamSocket.connect(to: .unix(path: path), timeout: 1)
            } catch {
                if error.code == ECONNREFUSED { unlink(path) }
            }
        }
        let descriptor = csystem_stream_socket(AF_UNIX, false)
        guard descriptor >= 0 else { throw SocketError(call: "socket", code: errno, subject: path) }
        guard raw.withPointer({ bind(descriptor, $0, $1) }) == 0, Foundation.listen(descriptor, 4096) == 0 else {
            let error = SocketError(call: "bind", code: errno, subject: path)
            Foundation.close(descriptor)
            throw error
        }
        lstat(path, &status)
        return ListeningSocket(
            descriptor: descriptor, address: .unix(path: path), file: (UInt64(status.st_dev), UInt64(status.st_ino)))
    }

    /// Takes one connection, non-blocking and close-on-exec.
    public func accept() -> Accepted {
        var raw = RawAddress(storage: sockaddr_storage(), length: 0)
        let descriptor = csystem_accept(self.descriptor, &raw.storage, &raw.length)
        if descriptor >= 0 { return .connection(StreamSocket(descriptor: descriptor), from: raw.description) }
        switch errno {
        case EAGAIN: return .wouldBlock
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        default: return .failed(errno)
        }
    }

    public func close() {
        let descriptor = handle.exchange(-1, ordering: .relaxed)
        guard descriptor >= 0 else { return }
        Foundation.close(descriptor)
        if case .unix(let path) = address, let file {
            var status = stat()
            if lstat(path, &status) == 0, (UInt64(status.st_dev), UInt64(status.st_ino)) == file { unlink(path) }
        }
    }
}

extension SocketAddress {
    func with(port: Int) -> SocketAddress {
        switch self {
        case .internet(let host, _, let isIPv6): .internet(host: host, port: port, isIPv6: isIPv6)
        case .unix: self
        }
    }
}
