/// Memory of a ``MemoryBudget``, given back when this is let go of.
public final class MemoryReservation: Sendable {
    let ticket: Int
    private let budget: MemoryBudget

    init(ticket: Int, of budget: MemoryBudget) {
        self.ticket = ticket
        self.budget = budget
    }

    deinit { budget.release(ticket) }

    /// Makes more of an upload's reservation. Without effect when as much is reserved already.
    ///
    /// - Throws: ``MemoryBudget/Refusal``; what was reserved stays reserved.
    package func grow(to bytes: Int) throws(MemoryBudget.Refusal) { try budget.grow(ticket, to: bytes) }

    /// Gives back what is not needed after all. Without effect when less is reserved already.
    public func shrink(to bytes: Int) { budget.shrink(ticket, to: bytes) }

    /// From now on the memory waits for a client: it may be taken back while memory is short, from the slowest first.
    ///
    /// - Parameters:
    ///   - total: bytes that are to move; nil: not known.
    ///   - giveUp: called once, on any thread, when that has happened: ends the transfer.
    package func follow(total: Int?, giveUp: @escaping @Sendable () -> Void) {
        budget.follow(ticket, Transfer(total: total, at: MemoryBudget.now), giveUp)
    }

    /// The transfer is over and brought so many bytes: from now on the memory stays until this is let go of.
    package func complete(with bytes: Int) { budget.complete(ticket, with: bytes) }

    /// Bytes that have moved so far.
    package func moved(to bytes: Int) { budget.move(ticket, to: bytes) }
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
