import Foundation
import Kernels

/// What this process may use of the machine, control groups included.
public enum Machine {
    /// Cores this process may run on: its affinity mask, and the whole cores of its control group's quota.
    public static var cores: Int {
        // Foundation reads the affinity mask.
        var count = ProcessInfo.processInfo.activeProcessorCount
        if let quota = words(of: "/sys/fs/cgroup/cpu.max"), quota.count == 2, let used = Double(quota[0]),
            let period = Double(quota[1]), period > 0
        {
            count = min(count, Int((used / period).rounded(.up)))
        } else if let used = words(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.first.flatMap({ Double($0) }), used > 0,
            let period = words(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.first.flatMap({ Double($0) }), period > 0
        {
            count = min(count, Int((used / period).rounded(.up)))
        }
        return max(1, count)
    }

    /// Bytes of memory: physical, or the control group's limit (v2, then v1) where that is lower.
    public static var memoryBytes: Int {
        let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .compactMap { words(of: $0)?.first.flatMap { Int($0) } }
        return ([physical] + limits).min() ?? physical
    }

    /// Large blocks go back to the system when they are freed, so that resident memory follows the budget: by itself glibc
    /// learns to keep blocks of up to 32 MiB once one has been freed. To be called before the process has threads.
    public static func boundAllocator() { Scratch.boundAllocator(largeBytes: 1 << 20, arenas: 4) }

    private static func words(of path: String) -> [Substring]? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split { $0 == " " || $0 == "\n" }
    }
}
