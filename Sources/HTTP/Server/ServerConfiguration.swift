/// How the server listens and what it puts up with. All times are in seconds, all sizes in bytes.
public struct ServerConfiguration: Sendable {
    /// How long the server waits.
    public struct Timeouts: Sendable {
        /// From the first byte of a request (or the connection's start) to the end of its head; then 408.
        public var header = 10.0
        /// Longest silence within a body, and the window in which it has to keep up `minimumRate`; then 408. A body's
        /// end has to come within this and its size at `averageRate`.
        public var body = 30.0
        /// Between an answer and the next request on a connection.
        public var idle = 60.0
        /// Longest time in which the client takes nothing of an answer, and the window in which it has to keep up
        /// `minimumRate`; then the connection is cut.
        public var write = 30.0
        /// How long a connection that ends with an error is read from afterwards, so that the client sees the answer
        /// and not a reset.
        public var linger = 10.0
        /// Bytes per second that a body or an answer has to move in every window.
        public var minimumRate = 1024.0
        /// Bytes per second that a body has to come with on the whole, after the timeout's grace: with it each body has
        /// an end that follows from its size.
        public var averageRate = 8192.0
        /// How long a drain puts up with a body that does not keep up `minimumRate`.
        public var drainPatience = 2.0

        public init() {}
    }

    /// Names or addresses to listen on; "localhost" listens on both IPv4 and IPv6 where there are both.
    public var hosts: [String]
    /// 0 takes any free port (the same for all hosts), see ``HTTPServer/addresses``.
    public var port: Int
    /// Path of a Unix-domain socket to listen on as well. A socket that a dead server left there is replaced.
    public var unixSocketPath: String?
    public var limits = MessageLimits()
    public var timeouts = Timeouts()
    /// Connections beyond this number are accepted, but answered with 503 unless
    /// ``RequestHandler/isAlwaysServed(_:)`` says otherwise: health stays reachable. Where the process may open fewer
    /// descriptors than that takes, that number counts.
    public var maximumConnections = 1024
    /// Whether a peer speaks for many clients, so that it may have every connection there is; by its numeric host.
    public var isProxy: @Sendable (String) -> Bool = { _ in false }
    /// Event loops, each a serial queue of its own.
    public var loops = 2
    /// Value of the Server field; nil for none.
    public var serverName: String? = "deblur"
    /// Field in which every answer tells the request's id; nil for none but those of problems.
    public var requestIDField: String?

    public init(hosts: [String] = ["127.0.0.1"], port: Int = 8080, unixSocketPath: String? = nil) {
        self.hosts = hosts
        self.port = port
        self.unixSocketPath = unixSocketPath
    }
}
