import Deblur
import Dispatch
import Foundation
import HTTP
import Logging
import Sockets

/// The HTTP service: a server, and an engine once a model is loaded.
///
/// Life: ``start()`` listens, so that health answers from the first moment; ``use(_:)`` makes it ready; ``drain(_:)``
/// ends it in good order.
public final class Service: Sendable {
    public let options: ServeOptions
    package let state: ServiceState
    private let handler: ServiceHandler
    private let server: HTTPServer

    /// Takes the state folder, and reads what lies in it.
    ///
    /// - Throws: ``APIKeys/Failure``, `DiskError`; an error that says so where another process has the state folder.
    public convenience init(options: ServeOptions, logger: Logger) throws {
        try self.init(options: options, logger: logger, disk: PosixDisk())
    }

    package init(options: ServeOptions, logger: Logger, disk: any SpoolDisk) throws {
        self.options = options
        let metrics = ServiceMetrics(namesClients: options.apiKeyFile != nil)
        let context = ServiceContext(metrics: metrics, logger: logger)
        let callers = Callers(
            keys: try options.apiKeyFile.map { path throws(APIKeys.Failure) in try APIKeys(file: path) },
            clients: ClientAddress(trusted: options.trustedProxies))
        let keeper: any JobKeeper =
            if let database = options.database {
                try DatabaseSupport.keeper(database, options: options, context: context)
            } else {
                try SpoolKeeper(options: options, context: context, disk: disk)
            }
        state = ServiceState(
            options: options, context: context, memory: MemoryBudget(limit: options.memoryBudgetBytes),
            jobs: JobRunner(keeper: keeper, context: context, replica: options.replica), callers: callers)
        let log = AccessLog(metrics: metrics, logger: logger, clients: callers.clients)
        handler = ServiceHandler(state: state, keys: callers.keys)
        server = HTTPServer(
            configuration: Self.configuration(options), hooks: Self.hooks(options, log), handler: handler)
    }

    private static func hooks(_ options: ServeOptions, _ log: AccessLog) -> ServerHooks {
        var hooks = ServerHooks(
            makeRequestID: { head in
                guard let id = head?.headers["X-Request-Id"], RequestID.isAcceptable(id) else {
                    return RequestID.random()
                }
                return id
            },
            refusal: { head, peer in
                guard head.target.isHTTPS else { return nil }
                return log.clients.cameByHTTPS(peer: peer.host, headers: head.headers) ? nil : .misdirected
            },
            didAnswer: { log.record($0) })
        if let policy = options.crossOrigin { hooks.answerFields = { policy.fields(for: $0) } }
        return hooks
    }

    /// Methods and path templates, for the comparison with openapi.yaml.
    package var routes: [Router.Route] { handler.routes }
    package static var parameterNames: [String] { DeblurParameters.names }

    /// Begins to listen.
    ///
    /// - Returns: the addresses, with real ports.
    /// - Throws: `SocketError`.
    public func start() throws -> [SocketAddress] {
        try server.start()
        if server.maximumConnections < options.maxConnections {
            state.context.logger.warning(
                "fewer connections than --max-connections: the process may not open more files",
                metadata: ["connections": "\(server.maximumConnections)"])
        }
        return server.addresses
    }

    /// Takes a model into use after its self test; blocks for as long as that takes.
    ///
    /// - Returns: what the self test said; the service is ready only when it passed.
    @discardableResult
    public func use(_ model: Model) -> SelfTest.Report {
        let report = SelfTest(model, threads: options.threads).run()
        guard report.passed else {
            state.enter(.unfit("The self test failed: \(report.detail)."))
            return report
        }
        let metrics = state.context.metrics
        let engine = Engine(
            model: model, knownTileSeconds: report.seconds, options: options, memory: state.memory, metrics: metrics)
        sayWhatTilesTake(engine)
        register(engine)
        state.jobs.begin(with: engine)
        state.enter(.ready(engine))
        return report
    }

    /// Adds the metrics that are read off a running engine.
    private func register(_ engine: Engine) {
        let (metrics, jobs) = (state.context.metrics, state.jobs)
        let (scheduler, memory, registry) = (engine.scheduler, engine.memory, metrics.registry)
        registry.sampled("deblur_queue_images", "Images that wait for their first tile.") {
            Double(scheduler.queuedImages + memory.waiting + jobs.keeper.queuedJobs)
        }
        registry.sampled("deblur_queue_tiles", "Tiles that wait for a worker.") { Double(scheduler.queuedTiles) }
        registry.sampled("deblur_memory_budget_bytes", "Memory that uploads and images may use.") {
            Double(memory.photoLimit)
        }
        registry.sampled("deblur_memory_reserved_bytes", "Memory reserved for uploads and images.") {
            Double(memory.reserved)
        }
        registry.sampled("deblur_workers", "Tiles that can be in work at the same time.") {
            Double(scheduler.configuration.tilesAtOnce)
        }
        registry.sampled("deblur_workers_busy", "Threads that lead a tile.") { Double(scheduler.busyWorkers) }
        registry.gauges(
            "deblur_build_info", "What is running; always 1.", labels: ["version", "model", "precision", "kernels"]
        )(Version.current, engine.model.reference, options.precision.rawValue, engine.model.kernels).set(1)
        // Known labels from the start: a rate over a counter that appears with its first count misses that count.
        for exit in 0...engine.model.subDecoders { metrics.tiles(String(exit)).add(0) }
    }

    private func sayWhatTilesTake(_ engine: Engine) {
        let logger = state.context.logger
        let (tiles, bytes) = (engine.scheduler.configuration.tilesAtOnce, engine.tileBytes)
        if bytes > MemoryBudget.mostForTiles(of: options.memoryBudgetBytes) {
            logger.warning(
                "a tile of this model takes more than its quarter of --memory-budget: the process will take more",
                metadata: ["bytes": "\(bytes)"])
        } else if tiles < options.threads {
            logger.notice(
                "fewer tiles at a time than threads: a quarter of --memory-budget is theirs",
                metadata: ["tiles": "\(tiles)", "threads": "\(options.threads)", "bytes": "\(bytes)"])
        }
    }

    /// Not ready, no new work; running work finishes within `--drain` seconds, what has not is cut.
    ///
    /// While work runs, connections are still taken, so that whoever asks is told; then the server closes.
    /// - Parameter completion: called once, when everything has ended.
    public func drain(_ completion: @escaping @Sendable () -> Void) {
        guard state.beginDraining() else { return }
        state.jobs.drain()
        server.hurryBodies()
        let deadline = ContinuousClock.now + .seconds(options.drainSeconds)
        state.whenIdle(within: options.drainSeconds) { [self] in
            let left = max(0, (deadline - .now) / .seconds(1))
            state.jobs.stop()
            server.drain(within: left) { [self] in
                DispatchQueue.global().async { [self] in
                    stopEngine()
                    completion()
                }
            }
        }
    }

    /// Cuts everything at once; for tests and failed starts.
    public func stop() {
        _ = state.beginDraining()
        state.jobs.stop()
        server.stop()
        stopEngine()
    }

    private func stopEngine() {
        state.loadedEngine?.scheduler.stop()
        // Results that were done in time are still written.
        state.jobs.keeper.close()
    }

    private static func configuration(_ options: ServeOptions) -> ServerConfiguration {
        var configuration = ServerConfiguration(
            hosts: options.unixSocket == nil ? [options.host] : [], port: options.port,
            unixSocketPath: options.unixSocket)
        configuration.limits.body = options.maxBodyBytes
        configuration.timeouts.header = options.headerTimeoutSeconds
        configuration.timeouts.body = options.bodyTimeoutSeconds
        configuration.timeouts.idle = options.idleTimeoutSeconds
        configuration.timeouts.write = options.writeTimeoutSeconds
        configuration.maximumConnections = options.maxConnections
        configuration.requestIDField = "X-Request-Id"
        let proxies = options.trustedProxies
        configuration.isProxy = { host in proxies.contains { $0.contains(host) } }
        return configuration
    }
}
