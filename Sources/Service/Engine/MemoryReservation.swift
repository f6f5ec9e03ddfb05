import Synchronization

/// Memory of a ``MemoryBudget``, given back when this is let go of.
public final class MemoryReservation: Sendable {
    enum Kind: Sendable { case upload, image }

    private let bytes: Mutex<Int>
    private let kind: Kind
    private let budget: MemoryBudget

    init(_ bytes: Int, _ kind: Kind, of budget: MemoryBudget) {
        self.bytes = Mutex(bytes)
        self.kind = kind
        self.budget = budget
    }

    deinit {
        budget.release(bytes.withLock { $0 }, kind, isLast: true)
    }

    /// Makes more of an upload's reservation. Without effect when as much is reserved already.
    ///
    /// - Throws: ``MemoryBudget/Refusal``; what was reserved stays reserved.
    package func grow(to bytes: Int) throws(MemoryBudget.Refusal) {
        let refusal = self.bytes.withLock { reserved -> MemoryBudget.Refusal? in
            guard bytes > reserved else { return nil }
            do throws(MemoryBudget.Refusal) { try budget.takeUpload(bytes - reserved) } catch { return error }
            reserved = bytes
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Gives back what is not needed after all. Without effect when less is reserved already.
    public func shrink(to bytes: Int) {
        let surplus = self.bytes.withLock { reserved in
            defer { reserved = min(reserved, bytes) }
            return max(0, reserved - bytes)
        }
        if surplus > 0 { budget.release(surplus, kind, isLast: false) }
    }
}

/// A wait for memory; ends when this is let go of.
public final class MemoryWait: Sendable {
    private let ticket: Int
    private let budget: MemoryBudget

    init(ticket: Int, budget: MemoryBudget) {
        self.ticket = ticket
        self.budget = budget
    }

    deinit { withdraw() }

    /// Without effect when the wait is over.
    public func withdraw() { budget.withdraw(ticket) }
}
