import CSystem
import Foundation

extension StreamSocket {
    /// Connects, waiting for the peer and for each later read and write: for tools and checks, not for servers.
    ///
    /// - Parameters:
    ///   - seconds: longest wait of a later read or write.
    ///   - address: of the peer.
    /// - Throws: ``SocketError`` of `socket` or `connect`.
    public static func connect(to address: SocketAddress, timeout seconds: Double = 10) throws(SocketError)
        -> StreamSocket
    {
        try connect(RawAddress(address), timeout: seconds)
    }

    /// The same to the first address of a name that takes the connection.
    public static func connect(host: String, port: Int, timeout seconds: Double) throws(SocketError) -> StreamSocket {
        var last = SocketError(call: "getaddrinfo", code: EAI_NONAME, subject: host)
        for raw in try RawAddress.resolve(host: host, port: port) {
            do throws(SocketError) { return try connect(raw, timeout: seconds) } catch { last = error }
        }
        throw last
    }

    private static func connect(_ raw: RawAddress, timeout seconds: Double) throws(SocketError) -> StreamSocket {
        let address = raw.description
        let descriptor = csystem_stream_socket(Int32(raw.family), true)
        guard descriptor >= 0 else { throw SocketError(call: "socket", code: errno) }
        let socket = StreamSocket(descriptor: descriptor)
        socket.setTimeout(seconds)
        guard raw.withPointer({ Foundation.connect(descriptor, $0, $1) }) == 0 else {
            throw SocketError(call: "connect", code: errno, subject: address.description)
        }
        if case .internet = address {
            _ = csystem_set_option(descriptor, Int32(IPPROTO_TCP), csystem_tcp_nodelay, 1)
        }
        return socket
    }

    /// Longest wait of a read or write on a blocking socket.
    public func setTimeout(_ seconds: Double) {
        var time = timeval(
            tv_sec: Int(seconds), tv_usec: __suseconds_t((seconds - seconds.rounded(.down)) * 1_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}
