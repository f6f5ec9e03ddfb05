import Dispatch
import Foundation
import Sockets
import Synchronization

/// One serial queue and the connections that live on it.
///
/// The connections' sockets are gathered in one poller, and a single Dispatch source watches the poller: a queue
/// hand-over then serves all sockets that are ready and not one, and a socket costs no system call but its own.
final class EventLoop: @unchecked Sendable {
    // Safe to share: `mailbox` and `thread` are synchronised; everything else is touched on `queue` only.

    private struct Slot {
        var connection: Connection?
        /// Tells late events of a closed connection from events of the next one in its place.
        var generation: UInt32 = 0
    }

    private static let listenerBit: UInt64 = 1 << 63

    let poller: Poller
    /// Where connections read to before the bytes are looked at; belongs to whichever is being processed.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private let queue: DispatchQueue
    private let source: any DispatchSourceRead
    private let timer: any DispatchSourceTimer
    private let tick: Double
    private var isTimerSet = false
    private let events = UnsafeMutableBufferPointer<Poller.Event>.allocate(capacity: 256)
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var listeners: [ListeningSocket] = []
    /// Listeners that wait until there are descriptors again.
    private var pausedListeners: Set<Int> = []
    private var onAccept: ((StreamSocket, SocketAddress) -> Void)?
    /// Whether there is room for another connection, and what to do when there is not.
    private var mayAccept: () -> Bool = { true }
    private var makeRoom: () -> Void = {}
    /// Connections that have had their share of this turn and have more to do.
    private var unfinished: [Connection] = []
    /// Work from other threads; nil once the loop has stopped.
    private let mailbox = Mutex<[@Sendable () -> Void]?>([])
    /// The thread that runs the loop's turn at present; 0 for none.
    private let thread = Atomic<UInt>(0)
    private var clock = HTTPDate()
    /// Milliseconds of the monotonic clock, as of this turn.
    private(set) var now: UInt64 = Clock.milliseconds
    private var lastSweep: UInt64 = 0
    private(set) var connectionCount = 0
    private var isStopped = false

    var date: [UInt8] { clock.text }

    /// - Parameter tick: seconds between two looks at the connections' deadlines.
    init(index: Int, tick: Double) throws(SocketError) {
        self.tick = tick
        poller = try Poller()
        queue = DispatchQueue(label: "http-\(index)", qos: .userInitiated)
        source = DispatchSource.makeReadSource(fileDescriptor: poller.descriptor, queue: queue)
        timer = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [unowned self] in run() }
        timer.setEventHandler { [unowned self] in
            isTimerSet = false
            run()
        }
        clock.update()
    }

    deinit {
        scratch.deallocate()
        events.deallocate()
    }

    func start() {
        source.resume()
        timer.resume()
    }

    /// Ends the sources; to be called on the loop, when no connection is left.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        // What would wait here holds the loop, which holds what waits.
        mailbox.withLock { $0 = nil }
        // The handlers hold the loop unowned: it has to live until both sources have let go.
        source.setCancelHandler { [self] in _ = self }
        timer.setCancelHandler { [self] in _ = self }
        source.cancel()
        timer.cancel()
    }

    // MARK: Work

    /// Whether the caller runs on this loop.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Has work done on the loop, soon; never, once the loop has stopped.
    func post(_ work: @escaping @Sendable () -> Void) {
        let isFirst = mailbox.withLock { mailbox in
            mailbox?.append(work)
            return mailbox?.count == 1
        }
        if isFirst { poller.wake() }
    }

    /// Gives the connection another go in the next turn.
    func postpone(_ connection: Connection) { unfinished.append(connection) }

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        defer { thread.store(0, ordering: .relaxed) }
        // While there is traffic the loop waits a moment on its own before it goes back to Dispatch: that saves two
        // changes of thread per round.
        var wait = 0
        while !isStopped, turn(waiting: wait) { wait = 1 }
    }

    /// - Returns: whether there was anything to do.
    private func turn(waiting milliseconds: Int) -> Bool {
        let wait = unfinished.isEmpty ? milliseconds : 0
        var isTimeKnown = false
        var didWork = poller.wait(events, milliseconds: wait) { event in
            if !isTimeKnown {
                tellTime()
                isTimeKnown = true
            }
            handle(event)
        }
        tellTime()
        let work: [@Sendable () -> Void] = mailbox.withLock { mailbox in
            guard let taken = mailbox, !taken.isEmpty else { return [] }
            mailbox = []
            return taken
        }
        for item in work { item() }
        if !unfinished.isEmpty {
            didWork = true
            var connections: [Connection] = []
            swap(&connections, &unfinished)
            for connection in connections { connection.process() }
        }
        if now - lastSweep >= UInt64(tick * 1000) { sweep() }
        setTimer()
        return didWork || !work.isEmpty
    }

    private func tellTime() {
        now = Clock.milliseconds
        clock.update()
    }

    private func handle(_ event: Poller.Event) {
        if event.token & Self.listenerBit != 0 {
            accept(Int(event.token & ~Self.listenerBit))
        } else {
            let slot = Int(event.token & 0xFFFF_FFFF)
            guard slots[slot].generation == UInt32(event.token >> 32) else { return }
            slots[slot].connection?.handle(event)
        }
    }

    // MARK: Connections

    /// Takes in a connection; false when the system refuses to watch it.
    func add(_ connection: Connection) -> Bool {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        let token = UInt64(slots[slot].generation) << 32 | UInt64(slot)
        do {
            try poller.add(connection.socket, token: token)
        } catch {
            freeSlots.append(slot)
            return false
        }
        connection.slot = slot
        slots[slot].connection = connection
        connectionCount += 1
        setTimer()
        return true
    }

    func remove(_ connection: Connection) {
        guard connection.slot >= 0, slots[connection.slot].connection === connection else { return }
        slots[connection.slot].connection = nil
        // 31 bits: the top one marks listeners.
        slots[connection.slot].generation = (slots[connection.slot].generation &+ 1) & 0x7FFF_FFFF
        freeSlots.append(connection.slot)
        connection.slot = -1
        connectionCount -= 1
    }

    var connections: [Connection] { slots.compactMap(\.connection) }

    /// Looks at every connection's deadline.
    private func sweep() {
        lastSweep = now
        for slot in slots.indices { slots[slot].connection?.checkDeadlines() }
        for index in pausedListeners {
            if listeners.indices.contains(index), listeners[index].descriptor >= 0 {
                try? poller.add(listeners[index], token: Self.listenerBit | UInt64(index))
            }
        }
        pausedListeners = []
    }

    private func setTimer() {
        guard !isTimerSet, !isStopped, connectionCount > 0 || !pausedListeners.isEmpty else { return }
        isTimerSet = true
        timer.schedule(deadline: .now() + tick, leeway: .milliseconds(10))
    }

    // MARK: Listening

    /// Accepts on these sockets; to be called before ``start()``.
    func listen(
        on sockets: [ListeningSocket], while mayAccept: @escaping () -> Bool, else makeRoom: @escaping () -> Void,
        _ onAccept: @escaping (StreamSocket, SocketAddress) -> Void
    ) throws(SocketError) {
        listeners = sockets
        (self.mayAccept, self.makeRoom, self.onAccept) = (mayAccept, makeRoom, onAccept)
        for (index, socket) in sockets.enumerated() {
            try poller.add(socket, token: Self.listenerBit | UInt64(index))
        }
    }

    func stopListening() {
        for listener in listeners { listener.close() }
        listeners = []
        (mayAccept, makeRoom, onAccept) = ({ true }, {}, nil)
    }

    private func accept(_ index: Int) {
        guard listeners.indices.contains(index) else { return }
        // Not endlessly many: connections that are there want their turn too.
        for _ in 0..<64 {
            guard mayAccept() else { return pause(index) }
            switch listeners[index].accept() {
            case .connection(let socket, let address): onAccept?(socket, address)
            case .wouldBlock: return
            case .failed: continue
            case .exhausted: return pause(index)
            }
        }
    }

    /// Lets waiting connections wait in the backlog until there is room again, and makes some.
    private func pause(_ index: Int) {
        poller.remove(listeners[index])
        pausedListeners.insert(index)
        makeRoom()
    }

    /// Ends some of the connections that can be spared, the least useful and oldest first.
    func giveUpSome() {
        let spare = slots.compactMap(\.connection).compactMap { connection in
            connection.spareness.map { (connection: connection, rank: $0.rank, since: $0.since) }
        }
        let order = spare.sorted { ($0.rank, $0.since) < ($1.rank, $1.since) }
        for item in order.prefix(max(8, order.count / 4)) { item.connection.close(.cut) }
    }
}
