/// Where a socket is or leads to.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address and its port.
    case internet(host: String, port: Int, isIPv6: Bool)
    /// A path; empty for the unnamed client side.
    case unix(path: String)

    /// The numeric host; "unix" for Unix-domain sockets.
    public var host: String {
        switch self {
        case .internet(let host, _, _): host
        case .unix: "unix"
        }
    }

    /// Nil for Unix-domain sockets.
    public var port: Int? {
        switch self {
        case .internet(_, let port, _): port
        case .unix: nil
        }
    }

    /// `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/x.sock`.
    public var description: String {
        switch self {
        case .internet(let host, let port, let isIPv6): isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
