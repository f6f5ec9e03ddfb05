import Dispatch
import Kernels
import Synchronization

/// The memory that uploads, images in work, answers that are being sent and tiles in work may use together.
///
/// Tiles in work have a fixed part, taken when the model is known (``occupy(forTiles:)``).
///
/// Uploads are reserved as their bytes arrive or refused, and never take more than half: what is left is for the images
/// that are to be decoded. An announcement alone takes nothing, so that clients that send nothing keep nobody out. While
/// memory is short, an upload or an answer that is far from its end at its present rate gives its memory up.
///
/// Images wait for their turn as long as an image in work will give memory back: the clients take turns, each client's
/// first comes first, and small images, for which a part is kept, do not stand behind large ones. Nothing that waits is
/// waited for, so nobody waits for ever.
public final class MemoryBudget: Sendable {
    /// Why there is no memory.
    public enum Refusal: Error, Equatable, Sendable {
        /// More than there will ever be. Bytes.
        case tooLarge(limit: Int, actual: Int)
        /// Not now. `actual`: bytes in use and asked for.
        case full(limit: Int, actual: Int)
    }

    /// A transfer that will take longer than this may have to give its memory up.
    static let patienceSeconds = 20.0

    /// Bytes.
    public let limit: Int
    let state: Mutex<State>

    public init(limit: Int) {
        self.limit = limit
        state = Mutex(State(limit: limit))
    }

    /// Seconds of a monotonic clock.
    static var now: Double { monotonicSeconds() }

    /// Bytes that uploads and images may take together.
    public var photoLimit: Int { state.withLock { $0.photoLimit } }

    /// A quarter at most: the rest is for photos, whatever the model needs.
    public static func mostForTiles(of limit: Int) -> Int { limit / 4 }

    /// Sets the memory of the tiles in work aside, before there is any image.
    public func occupy(forTiles bytes: Int) {
        state.withLock { $0.tileBytes = min(max(0, bytes), Self.mostForTiles(of: limit)) }
    }

    /// Bytes reserved for uploads and images now.
    public var reserved: Int { state.withLock { $0.bytes } }
    /// Images that wait for memory.
    public var waiting: Int { state.withLock { $0.waiters.count } }

    // MARK: Uploads

    /// Memory for a body that is about to arrive; grows with it (`MemoryReservation.grow`).
    ///
    /// - Parameters:
    ///   - bytes: taken now.
    ///   - announced: what it will be. More than fits now is refused before the client sends it.
    public func reserveUpload(_ bytes: Int, announced: Int) throws(Refusal) -> MemoryReservation {
        let (ticket, gone, refusal) = state.withLock { state in
            let (gone, refusal) = state.makeRoom(forUpload: max(bytes, announced), sparing: nil)
            let ticket = refusal == nil ? state.hold(bytes, .upload, client: "") : 0
            return (ticket, gone, refusal)
        }
        for giveUp in gone { giveUp() }
        if let refusal { throw refusal }
        return MemoryReservation(ticket: ticket, of: self)
    }

    func grow(_ ticket: Int, to bytes: Int) throws(Refusal) {
        let (gone, refusal) = state.withLock { state -> ([@Sendable () -> Void], Refusal?) in
            // One that had to give its memory up is ending.
            guard let held = state.holdings[ticket]?.bytes, bytes > held else { return ([], nil) }
            let (gone, refusal) = state.makeRoom(forUpload: bytes - held, sparing: ticket)
            if refusal == nil { state.change(ticket, to: bytes) }
            return (gone, refusal)
        }
        for giveUp in gone { giveUp() }
        if let refusal { throw refusal }
    }

    // MARK: Images

    /// Memory for an image that is to be decoded and restored.
    ///
    /// - Parameters:
    ///   - file: bytes of its upload, which is held meanwhile.
    ///   - client: whose it is.
    ///   - completion: called once, from any thread, maybe before this returns; never after the wait was withdrawn.
    ///   - bytes: what decoding and restoring take.
    /// - Returns: withdraws the wait when it is let go of or told to.
    public func reserveImage(
        _ bytes: Int, beside file: Int = 0, client: String = "",
        _ completion: @escaping @Sendable (Result<MemoryReservation, Refusal>) -> Void
    ) -> MemoryWait {
        let limit = photoLimit
        let waiter = state.withLock { state -> Int? in
            state.nextTicket += 1
            guard bytes <= limit - file else { return nil }
            state.waiters.append(
                Waiter(ticket: state.nextTicket, bytes: bytes, client: client, completion: completion))
            return state.nextTicket
        }
        guard let waiter else {
            completion(.failure(.tooLarge(limit: limit, actual: bytes + file)))
            return MemoryWait(ticket: 0, budget: self)
        }
        settle { _ in }
        watch()
        return MemoryWait(ticket: waiter, budget: self)
    }

    /// Looks again each second while anything waits: a transfer becomes slow without a word.
    private func watch() {
        let isNeeded = state.withLock { state in
            let isNeeded = !state.isWatched && !state.waiters.isEmpty
            if isNeeded { state.isWatched = true }
            return isNeeded
        }
        guard isNeeded else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [weak self] in
            guard let self else { return }
            settle { $0.isWatched = false }
            watch()
        }
    }

    func withdraw(_ ticket: Int) {
        settle { state in state.waiters.removeAll { $0.ticket == ticket } }
    }

    // MARK: What is held

    func release(_ ticket: Int) { settle { $0.release(ticket) } }

    func shrink(_ ticket: Int, to bytes: Int) {
        settle { state in
            guard let held = state.holdings[ticket]?.bytes, bytes < held else { return }
            state.change(ticket, to: bytes)
        }
    }

    func complete(_ ticket: Int, with bytes: Int) {
        settle { state in
            guard let held = state.holdings[ticket]?.bytes else { return }
            state.holdings[ticket]?.transfer = nil
            state.holdings[ticket]?.giveUp = nil
            if bytes < held { state.change(ticket, to: bytes) }
        }
    }

    func follow(_ ticket: Int, _ transfer: Transfer, _ giveUp: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.holdings[ticket]?.transfer = transfer
            state.holdings[ticket]?.giveUp = giveUp
        }
    }

    func move(_ ticket: Int, to bytes: Int) {
        state.withLock { $0.holdings[ticket]?.transfer?.move(to: bytes, at: Self.now) }
    }

    /// Changes the state, then serves whom the change lets in.
    private func settle(_ change: (inout State) -> Void) {
        let (served, gone) = state.withLock { state in
            change(&state)
            return state.serve()
        }
        for giveUp in gone { giveUp() }
        for (waiter, result) in served {
            waiter.completion(result.map { MemoryReservation(ticket: $0, of: self) })
        }
    }

    /// Violated invariants in words; empty when all hold. For tests.
    package func checkInvariants() -> [String] { state.withLock { $0.checkInvariants() } }
}
