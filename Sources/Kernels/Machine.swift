import Foundation

/// What this process may use of the machine, control groups included.
public enum Machine {
    /// Cores this process may run on: its affinity mask, and the whole cores of its control group's quota.
    public static var cores: Int {
        // Foundation reads the affinity mask.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return max(1, min(cores, ControlGroup.coreQuota.map { Int($0.rounded(.up)) } ?? cores))
    }

    /// Bytes of memory: physical, or the control group's limit where that is lower.
    public static var memoryBytes: Int {
        let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return min(physical, ControlGroup.memoryLimits.min() ?? physical)
    }

    /// Bytes that can be taken without swapping: the kernel's estimate (`MemAvailable`, proc(5)), or what the control group
    /// leaves where that is less. nil where nothing tells.
    ///
    /// Asking the allocator is no test: Linux promises more than there is, and ends whoever then uses it.
    public static var availableMemoryBytes: Int? {
        let machine = SystemFile.field("MemAvailable:", of: "/proc/meminfo").map { $0 * 1024 }
        return (ControlGroup.memoryLeft + [machine].compactMap { $0 }).min()
    }

    /// Large blocks go back to the system when they are freed, so that resident memory follows the budget: by itself glibc
    /// learns to keep blocks of up to 32 MiB once one has been freed. To be called before the process has threads.
    public static func boundAllocator() { Scratch.boundAllocator(largeBytes: 1 << 20, arenas: 4) }
}

/// What this process's control group may use: version 2, and version 1 where that is mounted.
private enum ControlGroup {
    /// Files of a version: limit and use of memory in bytes, and what counts the files that were read.
    private static let memory: [(folder: String, limit: String, used: String, cached: String)] = [
        ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ]

    /// Bytes, where there is a limit.
    static var memoryLimits: [Int] { memory.compactMap { SystemFile.number(in: "\($0.folder)/\($0.limit)") } }

    /// Bytes below the limit. Files that were read count as used until somebody needs the memory.
    static var memoryLeft: [Int] {
        memory.compactMap { group in
            guard let limit = SystemFile.number(in: "\(group.folder)/\(group.limit)"),
                let used = SystemFile.number(in: "\(group.folder)/\(group.used)")
            else { return nil }
            return max(0, limit - used + (SystemFile.field(group.cached, of: "\(group.folder)/memory.stat") ?? 0))
        }
    }

    /// Cores' worth of time; nil without a quota.
    static var coreQuota: Double? {
        let folder = "/sys/fs/cgroup/cpu/cpu.cfs_"
        let candidates = [
            SystemFile.words(of: "/sys/fs/cgroup/cpu.max"),
            SystemFile.words(of: folder + "quota_us") + SystemFile.words(of: folder + "period_us"),
        ]
        for words in candidates where words.count == 2 {
            if let quota = Double(words[0]), let period = Double(words[1]), quota > 0, period > 0 { return quota / period }
        }
        return nil
    }
}

/// Short texts of the kernel.
private enum SystemFile {
    /// Empty where there is no such file.
    static func words(of path: String) -> [Substring] {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(whereSeparator: \.isWhitespace) ?? []
    }

    /// The number that it begins with.
    static func number(in path: String) -> Int? { words(of: path).first.flatMap { Int($0) } }

    /// The number after a word at the start of a line.
    static func field(_ name: String, of path: String) -> Int? {
        let words = words(of: path)
        return words.firstIndex { $0 == name }.flatMap { $0 + 1 < words.count ? Int(words[$0 + 1]) : nil }
    }
}
