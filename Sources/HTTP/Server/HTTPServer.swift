import Foundation
import Sockets
import Synchronization

/// An HTTP/1.1 server (RFC 9110, RFC 9112) on non-blocking sockets and Dispatch.
///
/// It lives from ``start()`` until ``drain(within:completion:)`` or ``stop()`` has closed its last socket.
public final class HTTPServer: Sendable {
    public let configuration: ServerConfiguration
    let hooks: ServerHooks
    let handler: any RequestHandler
    let headWriter: ResponseHeadWriter
    private let draining = Atomic<Bool>(false)
    private let cutting = Atomic<Bool>(false)
    private let openConnections = Atomic<Int>(0)
    /// Bodies that do not come on are given up: what they are for is being waited for.
    private let hurrying = Atomic<Bool>(false)
    /// The connections that are served. Those beyond, which are let in to be told so, do not count: who makes them keeps
    /// nobody out.
    private let places = Mutex(Places())
    private let descriptors = Atomic<Int>(.max)

    private struct Places {
        var taken = 0
        /// By the peer's host, where it is no proxy.
        var byPeer: [String: Int] = [:]
    }

    private struct State {
        var loops: [EventLoop] = []
        var addresses: [SocketAddress] = []
        var onEmpty: [@Sendable () -> Void] = []
        var isListening = false
        var isStopped = false
    }
    private let state = Mutex(State())

    public init(configuration: ServerConfiguration, hooks: ServerHooks = ServerHooks(), handler: any RequestHandler) {
        self.configuration = configuration
        self.hooks = hooks
        self.handler = handler
        headWriter = ResponseHeadWriter(
            serverName: configuration.serverName, requestIDField: configuration.requestIDField)
    }

    /// Binds all addresses and begins to accept.
    ///
    /// - Throws: `SocketError` when an address cannot be bound; nothing is left open then.
    public func start() throws(SocketError) {
        descriptors.store(ConnectionLimits.raiseDescriptorLimit(), ordering: .relaxed)
        let sockets = try listeningSockets()
        var loops: [EventLoop] = []
        for index in 0..<max(configuration.loops, 1) { loops.append(try EventLoop(index: index, tick: tick)) }
        let all = loops
        var next = 0
        let most = limits.most
        try loops[0].listen(
            on: sockets, while: { [self] in connectionCount < most },
            else: { for loop in all { loop.post { loop.giveUpSome() } } }
        ) { [self] socket, address in
            next = (next + 1) % all.count
            accept(socket, from: address, on: all[next])
        }
        state.withLock {
            $0.loops = all
            $0.addresses = sockets.map(\.address)
            $0.isListening = true
        }
        for loop in loops { loop.start() }
    }

    private func listeningSockets() throws(SocketError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        var port = configuration.port
        let isDual = !configuration.hosts.contains("0.0.0.0")
        for host in configuration.hosts {
            sockets += try ListeningSocket.listen(
                host: host, port: port, dualStack: isDual, writeTimeout: configuration.timeouts.write)
            port = sockets.last?.address.port ?? port
        }
        if let path = configuration.unixSocketPath { sockets.append(try ListeningSocket.listen(unixPath: path)) }
        return sockets
    }

    /// Fine enough for the shortest timeout, and no finer than needed.
    private var tick: Double {
        let times = configuration.timeouts
        let shortest = min(times.header, times.body, times.idle, times.write, times.linger)
        return min(max(shortest / 8, 0.01), 0.25)
    }

    private var limits: ConnectionLimits {
        ConnectionLimits(
            maximum: configuration.maximumConnections, descriptors: descriptors.load(ordering: .relaxed))
    }

    /// Connections that are served: as configured, or fewer where the process may open too few descriptors. Known once
    /// the server has started.
    public var maximumConnections: Int { limits.maximum }

    /// The bound addresses, with the real ports; empty before ``start()``.
    public var addresses: [SocketAddress] { state.withLock { $0.addresses } }

    /// Open connections.
    public var connectionCount: Int { openConnections.load(ordering: .relaxed) }

    /// Whether ``drain(within:completion:)`` has been called.
    public var isDraining: Bool { draining.load(ordering: .relaxed) }

    var isHurrying: Bool { hurrying.load(ordering: .relaxed) }

    /// Gives up request bodies that do not keep up the least rate, from now on and within
    /// ``ServerConfiguration/Timeouts/drainPatience``: to be called before what they are for is waited for.
    public func hurryBodies() { hurrying.store(true, ordering: .relaxed) }

    /// A drain's deadline has passed.
    var isCutting: Bool { cutting.load(ordering: .relaxed) }

    // MARK: Connections

    /// Takes a place for a connection that is to be served; false where there is none, or none for one more of this peer.
    func takePlace(for peer: SocketAddress) -> Bool {
        let (limits, isCounted) = (limits, counts(peer))
        return places.withLock { places in
            let ofPeer = isCounted ? (places.byPeer[peer.host] ?? 0) + 1 : 0
            guard places.taken < limits.maximum, !limits.isBeyondShare(ofPeer: ofPeer, of: places.taken + 1) else {
                return false
            }
            places.taken += 1
            if isCounted { places.byPeer[peer.host] = ofPeer }
            return true
        }
    }

    private func giveBackPlace(of peer: SocketAddress) {
        let isCounted = counts(peer)
        places.withLock { places in
            places.taken -= 1
            guard isCounted, let count = places.byPeer[peer.host] else { return }
            places.byPeer[peer.host] = count > 1 ? count - 1 : nil
        }
    }

    private func accept(_ socket: StreamSocket, from address: SocketAddress, on loop: EventLoop) {
        openConnections.add(1, ordering: .relaxed)
        let connection = Connection(
            socket: socket, remoteAddress: address, server: self, loop: loop,
            isSurplus: !takePlace(for: address))
        loop.post { connection.start() }
    }

    /// A proxy, or whatever stands behind a Unix socket, has many clients.
    private func counts(_ peer: SocketAddress) -> Bool { peer.port != nil && !configuration.isProxy(peer.host) }

    func didClose(_ connection: Connection) {
        if !connection.isSurplus { giveBackPlace(of: connection.remoteAddress) }
        let count = openConnections.subtract(1, ordering: .relaxed).newValue
        if count == 0, isDraining { checkEmpty() }
    }

    private func checkEmpty() {
        guard connectionCount == 0 else { return }
        let (callbacks, loops): ([@Sendable () -> Void], [EventLoop]) = state.withLock { state in
            guard !state.isListening, !state.isStopped else { return ([], []) }
            state.isStopped = true
            defer { state.onEmpty = [] }
            return (state.onEmpty, state.loops)
        }
        for loop in loops { loop.post { loop.stop() } }
        for callback in callbacks { callback() }
    }

    // MARK: The end

    /// Goes down in good order: answers carry `Connection: close`, idle connections end, running exchanges finish, and
    /// what has not finished by the deadline is cut (its ``Exchange/onDisconnect(_:)`` fires). Returns at once.
    ///
    /// - Parameters:
    ///   - seconds: the deadline.
    ///   - completion: called once, on any thread, when all connections are closed.
    public func drain(within seconds: Double, completion: @escaping @Sendable () -> Void = {}) {
        hurryBodies()
        draining.store(true, ordering: .sequentiallyConsistent)
        let isStopped = state.withLock { state in
            if !state.isStopped { state.onEmpty.append(completion) }
            return state.isStopped
        }
        if isStopped { return completion() }
        forEachLoop { loop in
            for connection in loop.connections { connection.drain() }
        }
        stopAccepting()
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in cutAll() }
    }

    /// Closes the listening sockets.
    private func stopAccepting() {
        let loops = state.withLock { $0.loops }
        guard let first = loops.first else { return }
        first.post { [self] in
            first.stopListening()
            // What was accepted just now is on its way to its loop: those loops are asked once more.
            for loop in loops {
                loop.post { [self] in
                    if isDraining { for connection in loop.connections { connection.drain() } }
                }
            }
            state.withLock { $0.isListening = false }
            checkEmpty()
        }
    }

    /// Cuts everything and returns when the last socket is closed. Not to be called on an event loop.
    public func stop() {
        guard !state.withLock({ $0.loops.isEmpty || $0.isStopped }) else { return }
        let done = DispatchSemaphore(value: 0)
        drain(within: 0) { done.signal() }
        done.wait()
    }

    private func cutAll() {
        cutting.store(true, ordering: .relaxed)
        forEachLoop { loop in
            for connection in loop.connections { connection.close(.cut) }
        }
    }

    private func forEachLoop(_ body: @escaping @Sendable (EventLoop) -> Void) {
        for loop in state.withLock({ $0.loops }) { loop.post { body(loop) } }
    }
}
