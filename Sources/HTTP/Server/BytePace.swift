/// Whether a transfer keeps up with the least rate, counted over a recent window and not over its life: who sent much at
/// first and then next to nothing is as slow as who never sent much.
struct BytePace {
    private struct Mark {
        /// Milliseconds of the loop's clock.
        var at: UInt64
        /// Bytes until then.
        var total: UInt64
    }

    /// A window is looked at in so many parts: what stops is noticed a part of a window late at most.
    private static let parts: UInt64 = 4

    private var first: Mark
    private var later: [Mark] = []

    init(at now: UInt64 = 0, total: UInt64 = 0) { first = Mark(at: now, total: total) }

    /// To be asked more often than four times a window.
    ///
    /// - Parameters:
    ///   - seconds: the window.
    ///   - rate: bytes per second, at least.
    mutating func isTooSlow(total: UInt64, now: UInt64, window seconds: Double, rate: Double) -> Bool {
        let window = UInt64(max(seconds, 0) * 1000)
        guard now >= first.at else { return false }
        if now - (later.last ?? first).at >= max(window / Self.parts, 1) { later.append(Mark(at: now, total: total)) }
        while let next = later.first, now - next.at > window { first = later.removeFirst() }
        let age = now - first.at
        return age > window && Double(total - first.total) * 1000 < rate * Double(age)
    }
}
