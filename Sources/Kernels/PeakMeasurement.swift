import CKernels

/// What the cores could do at best.
public enum PeakMeasurement {
    /// Multiply-adds per second of that many threads at once, counted as two operations each, in GFLOP/s: the best of
    /// several short runs on registers alone.
    ///
    /// Always with the widest instruction set that the CPU has, whatever set the network uses.
    public static func gflops(threads: Int, runs: Int = 5) -> Double {
        let table = (KernelSet.all.last ?? .portable).table.pointee
        let rounds = 400_000, perRound = 2 * Double(table.multiply_adds_per_round())
        let team = ThreadTeam(threads: threads)
        defer { team.stop() }
        var best = 0.0
        for _ in 0..<runs {
            let start = monotonicSeconds()
            team.parallelFor(threads) { _ in _ = table.multiply_add_rounds(rounds) }
            best = max(best, Double(threads * rounds) * perRound / (monotonicSeconds() - start) * 1e-9)
        }
        return best
    }

    /// Bytes per second between memory and that many threads at once: the best of several triads (two arrays read, one
    /// written, 12 bytes per element as STREAM counts them) over arrays larger than any cache.
    public static func bytesPerSecond(threads: Int, runs: Int = 5) -> Double {
        let count = 16 << 20, arrays = (0..<3).map { _ in AlignedFloats(count: count) }
        let target = arrays[2].pointer
        let team = ThreadTeam(threads: threads), chunk = (count + threads - 1) / threads
        defer { team.stop() }
        var best = 0.0
        for _ in 0..<runs {
            let start = monotonicSeconds()
            team.parallelFor(threads) { thread in
                let first = thread * chunk, length = max(0, min(chunk, count - first))
                kernel_triad(length, arrays[0].constant + first, arrays[1].constant + first, 0.5, target + first)
            }
            best = max(best, 12 * Double(count) / (monotonicSeconds() - start))
        }
        return best
    }
}
