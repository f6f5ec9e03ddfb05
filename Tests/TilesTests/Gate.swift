import Foundation
import TestSupport

/// Holds threads until it is opened. Nobody waits longer than ten seconds, so that a failing test ends.
final class Gate: @unchecked Sendable {
    // Safe to share: everything happens under the condition's lock.
    private let condition = NSCondition()
    private var isOpen = false
    private var arrived = 0
    private static let patience = Patience.seconds(10)

    func open() {
        condition.lock()
        isOpen = true
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for ``open()``.
    func pass() {
        let limit = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        arrived += 1
        condition.broadcast()
        while !isOpen, condition.wait(until: limit) {}
        condition.unlock()
    }

    /// Waits until that many threads have come to the gate; false when they don't.
    func awaitArrivals(_ count: Int = 1) -> Bool {
        let limit = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        defer { condition.unlock() }
        while arrived < count {
            if !condition.wait(until: limit) { return false }
        }
        return true
    }
}
