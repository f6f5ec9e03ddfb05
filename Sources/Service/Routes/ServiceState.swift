import Dispatch
import HTTP
import Synchronization

/// What the routes ask before they do anything: is there an engine, and may it be used.
package final class ServiceState: Sendable {
    enum Phase: Sendable {
        case loading
        case ready(Engine)
        /// The model is loaded but must not be used; why, as public text.
        case unfit(String)
    }

    let options: ServeOptions
    let context: ServiceContext
    package let memory: MemoryBudget
    let jobs: JobRunner
    let callers: Callers
    let rates = RequestRates()
    let tickets = ReturnTickets()
    let heatMaps: HeatMapDesk
    /// Results whose clients are slow.
    let parking: ParkedResults
    private let phase = Mutex(Phase.loading)
    private let draining = Atomic(false)

    init(options: ServeOptions, context: ServiceContext, memory: MemoryBudget, jobs: JobRunner, callers: Callers) {
        self.options = options
        self.jobs = jobs
        self.context = context
        self.memory = memory
        self.callers = callers
        heatMaps = HeatMapDesk(keeper: jobs.keeper, context: context)
        parking = ParkedResults(options: options)
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// False when it had begun before.
    func beginDraining() -> Bool { !draining.exchange(true, ordering: .relaxed) }

    /// Calls `body` once: when no request is worked on any more, or after that time.
    func whenIdle(within seconds: Double, _ body: @escaping @Sendable () -> Void) {
        let isCalled = Mutex(false)
        let once: @Sendable () -> Void = {
            let isFirst = isCalled.withLock { called in
                defer { called = true }
                return !called
            }
            if isFirst { body() }
        }
        context.running.notify(queue: .global(), execute: once)
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: once)
    }

    func enter(_ next: Phase) { phase.withLock { $0 = next } }

    /// The engine for new work.
    ///
    /// - Throws: ``Problem`` `draining` or `loading`.
    func engine() throws(Problem) -> Engine {
        if isDraining { throw .draining }
        switch phase.withLock({ $0 }) {
        case .ready(let engine): return engine
        case .loading: throw .loading("The model is being loaded.")
        case .unfit(let reason): throw .loading(reason)
        }
    }

    /// The engine for what is no new work.
    ///
    /// - Throws: ``Problem`` `loading`.
    func anyEngine() throws(Problem) -> Engine {
        if let loadedEngine { loadedEngine } else { try engine() }
    }

    /// The engine, whether it takes new work or not; nil before it is there.
    package var loadedEngine: Engine? {
        if case .ready(let engine) = phase.withLock({ $0 }) { engine } else { nil }
    }
}
