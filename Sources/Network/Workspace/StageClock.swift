import Kernels

/// Adds up seconds and bytes moved by kind of work, for `deblur bench`. Belongs to one workspace and is used like it.
public final class StageClock {
    public private(set) var seconds: [String: Double] = [:]
    /// What the passes of a kind read and wrote: each feature map once per pass that touches it, each weight once per
    /// pass. What stays in a strip (registers, second-level cache) is not counted. Empty for work that nobody counted.
    public private(set) var bytes: [String: Int] = [:]

    public init() {}

    public func reset() {
        seconds = [:]
        bytes = [:]
    }

    func add(_ kind: String, _ duration: Double, floats: Int) {
        seconds[kind, default: 0] += duration
        if floats > 0 { bytes[kind, default: 0] += 4 * floats }
    }
}

extension Workspace {
    /// Runs `work` and books its time under `kind` when a clock is set. Work inside work is not booked again.
    ///
    /// - Parameter floats: of maps and weights, read or written by it (``StageClock/bytes``).
    @inline(__always)
    func timed(_ kind: StaticString, floats: @autoclosure () -> Int = 0, _ work: () -> Void) {
        guard let clock else { return work() }
        self.clock = nil
        let start = monotonicSeconds()
        work()
        self.clock = clock
        let duration = monotonicSeconds() - start
        clock.add("\(kind)", duration, floats: floats())
    }
}
