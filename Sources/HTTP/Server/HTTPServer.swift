import Sockets
import Synchronization

/// An HTTP/1.1 server (RFC 9110, RFC 9112) on non-blocking sockets and Dispatch.
public final class HTTPServer: Sendable {
    public let configuration: ServerConfiguration
    let hooks: ServerHooks
    let handler: any RequestHandler
    let draining = Atomic<Bool>(false)

    public init(configuration: ServerConfiguration, hooks: ServerHooks = ServerHooks(), handler: any RequestHandler) {
        self.configuration = configuration
        self.hooks = hooks
        self.handler = handler
    }

    /// Binds all addresses and begins to accept.
    ///
    /// - Throws: ``SocketError`` when an address cannot be bound; nothing is left open then.
    public func start() throws(SocketError) { fatalError() }

    /// The bound addresses, with the real ports; empty before ``start()``.
    public var addresses: [SocketAddress] { [] }

    /// Open connections.
    public var connectionCount: Int { 0 }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Goes down in good order: answers carry `Connection: close`, idle connections end, running exchanges finish, and
    /// what has not finished by the deadline is cut (its ``Exchange/onDisconnect(_:)`` fires). Returns at once.
    ///
    /// - Parameters:
    ///   - seconds: the deadline.
    ///   - accepting: goes on accepting until the running exchanges have finished, so that a readiness check can still be
    ///     told that the service is going down. The handler has to refuse new work itself.
    ///   - completion: called once, on an event loop, when all connections are closed.
    public func drain(
        within seconds: Double, accepting: Bool = false, completion: @escaping @Sendable () -> Void = {}
    ) { fatalError() }

    /// Cuts everything and returns when the last socket is closed.
    public func stop() { fatalError() }
}
