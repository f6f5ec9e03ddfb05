import Foundation

/// Adds up seconds by kind of work, for `deblur bench`. Belongs to one workspace and is used like it.
public final class StageClock {
    public private(set) var seconds: [String: Double] = [:]

    public init() {}

    public func reset() { seconds = [:] }

    func add(_ kind: String, _ duration: Double) { seconds[kind, default: 0] += duration }

    /// Monotonic, in seconds.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

extension Workspace {
    /// Runs `work` and books its time under `kind` when a clock is set. Work inside work is not booked again.
    @inline(__always)
    func timed(_ kind: StaticString, _ work: () -> Void) {
        guard let clock else { return work() }
        self.clock = nil
        let start = StageClock.now()
        work()
        self.clock = clock
        clock.add("\(kind)", StageClock.now() - start)
    }
}
