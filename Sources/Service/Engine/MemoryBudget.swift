import Synchronization

/// The memory that uploads and images in work may use together.
///
/// Uploads are reserved as their bytes arrive or refused, and never take more than half: what is left is for the images
/// that are to be decoded. An announcement alone takes nothing, so that clients that send nothing keep nobody out.
/// Images wait for their turn, first come first served, as long as an image in work will give memory back.
/// Nothing that waits is waited for, so nobody waits for ever.
public final class MemoryBudget: Sendable {
    /// Why there is no memory.
    public enum Refusal: Error, Equatable, Sendable {
        /// More than there will ever be. Bytes.
        case tooLarge(limit: Int, actual: Int)
        /// Not now. `actual`: bytes in use and asked for.
        case full(limit: Int, actual: Int)
    }

    private struct Waiter {
        let ticket: Int
        let bytes: Int
        let completion: @Sendable (Result<MemoryReservation, Refusal>) -> Void
    }

    private struct State {
        var uploadBytes = 0
        var imageBytes = 0
        var imagesInWork = 0
        var waiters: [Waiter] = []
        var nextTicket = 0
    }

    /// Bytes.
    public let limit: Int
    private let state = Mutex(State())

    public init(limit: Int) { self.limit = limit }

    /// Bytes reserved now.
    public var reserved: Int { state.withLock { $0.uploadBytes + $0.imageBytes } }
    /// Images that wait for memory.
    public var waiting: Int { state.withLock { $0.waiters.count } }

    /// Memory for a body that is about to arrive; grows with it (``MemoryReservation/grow(to:)``).
    ///
    /// - Parameters:
    ///   - bytes: taken now.
    ///   - announced: what it will be. More than fits now is refused before the client sends it.
    public func reserveUpload(_ bytes: Int, announced: Int) throws(Refusal) -> MemoryReservation {
        let refusal = state.withLock { state in
            let refusal = refusalOfUpload(max(bytes, announced), state)
            if refusal == nil { state.uploadBytes += bytes }
            return refusal
        }
        if let refusal { throw refusal }
        return MemoryReservation(bytes, .upload, of: self)
    }

    private func refusalOfUpload(_ bytes: Int, _ state: State) -> Refusal? {
        guard bytes <= limit / 2 else { return .tooLarge(limit: limit / 2, actual: bytes) }
        guard state.uploadBytes + bytes <= limit / 2, fits(bytes, state) else {
            return .full(limit: limit, actual: state.uploadBytes + state.imageBytes + bytes)
        }
        return nil
    }

    func takeUpload(_ bytes: Int) throws(Refusal) {
        let refusal = state.withLock { state in
            let refusal = refusalOfUpload(bytes, state)
            if refusal == nil { state.uploadBytes += bytes }
            return refusal
        }
        if let refusal { throw refusal }
    }

    /// Memory for an image that is to be decoded and restored.
    ///
    /// - Parameter completion: called once, from any thread, maybe before this returns; never after the wait was
    ///   withdrawn.
    /// - Returns: withdraws the wait when it is let go of or told to.
    public func reserveImage(
        _ bytes: Int, _ completion: @escaping @Sendable (Result<MemoryReservation, Refusal>) -> Void
    ) -> MemoryWait {
        let (ticket, answer): (Int, Result<MemoryReservation, Refusal>?) = state.withLock { state in
            state.nextTicket += 1
            let ticket = state.nextTicket
            if bytes > limit { return (ticket, .failure(.tooLarge(limit: limit, actual: bytes))) }
            if state.waiters.isEmpty, fits(bytes, state) { return (ticket, .success(take(bytes, &state))) }
            guard state.imagesInWork > 0 else {
                return (ticket, .failure(.full(limit: limit, actual: state.uploadBytes + state.imageBytes + bytes)))
            }
            state.waiters.append(Waiter(ticket: ticket, bytes: bytes, completion: completion))
            return (ticket, nil)
        }
        if let answer { completion(answer) }
        return MemoryWait(ticket: ticket, budget: self)
    }

    func withdraw(_ ticket: Int) {
        settle { state in state.waiters.removeAll { $0.ticket == ticket } }
    }

    func release(_ bytes: Int, _ kind: MemoryReservation.Kind, isLast: Bool) {
        settle { state in
            switch kind {
            case .upload: state.uploadBytes -= bytes
            case .image:
                state.imageBytes -= bytes
                if isLast { state.imagesInWork -= 1 }
            }
        }
    }

    /// Changes the state, then serves whom the change lets in.
    private func settle(_ change: (inout State) -> Void) {
        let served: [(Waiter, Result<MemoryReservation, Refusal>)] = state.withLock { state in
            change(&state)
            var served: [(Waiter, Result<MemoryReservation, Refusal>)] = []
            while let first = state.waiters.first {
                if fits(first.bytes, state) {
                    served.append((state.waiters.removeFirst(), .success(take(first.bytes, &state))))
                } else if state.imagesInWork == 0 {
                    // Only uploads are in the way, and they may be waiting themselves.
                    let actual = state.uploadBytes + state.imageBytes + first.bytes
                    served.append((state.waiters.removeFirst(), .failure(.full(limit: limit, actual: actual))))
                } else {
                    break
                }
            }
            return served
        }
        for (waiter, result) in served { waiter.completion(result) }
    }

    private func fits(_ bytes: Int, _ state: State) -> Bool { state.uploadBytes + state.imageBytes + bytes <= limit }

    private func take(_ bytes: Int, _ state: inout State) -> MemoryReservation {
        state.imageBytes += bytes
        state.imagesInWork += 1
        return MemoryReservation(bytes, .image, of: self)
    }

    /// Violated invariants in words; empty when all hold. For tests.
    package func checkInvariants() -> [String] {
        state.withLock { state in
            var violations: [String] = []
            if state.uploadBytes < 0 || state.imageBytes < 0 || state.imagesInWork < 0 { violations.append("negative") }
            if state.uploadBytes > limit / 2 { violations.append("uploads over their half") }
            if state.uploadBytes + state.imageBytes > limit { violations.append("over the limit") }
            if state.imagesInWork == 0, state.imageBytes != 0 { violations.append("bytes of no image") }
            if state.imagesInWork == 0, !state.waiters.isEmpty { violations.append("waiting for nobody") }
            if let first = state.waiters.first, fits(first.bytes, state) { violations.append("waiting without need") }
            return violations
        }
    }
}
