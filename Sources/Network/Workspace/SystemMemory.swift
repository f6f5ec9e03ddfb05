import Foundation

/// What the system could still give this process.
enum SystemMemory {
    /// Bytes that can be taken without swapping: the kernel's estimate (`MemAvailable`, proc(5)), or what the control group
    /// leaves where that is less. nil where nothing tells.
    ///
    /// Asking the allocator is no test: Linux promises more than there is, and ends whoever then uses it.
    static var availableBytes: Int? {
        let groups = [
            ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ]
        let left = groups.compactMap { folder, limit, used, cached -> Int? in
            guard let limit = number(in: "\(folder)/\(limit)"), let used = number(in: "\(folder)/\(used)") else {
                return nil
            }
            // Files that were read count as used until somebody needs the memory.
            return max(0, limit - used + (field(cached, of: "\(folder)/memory.stat") ?? 0))
        }
        let machine = field("MemAvailable:", of: "/proc/meminfo").map { $0 * 1024 }
        return (left + [machine].compactMap { $0 }).min()
    }

    private static func number(in path: String) -> Int? {
        text(of: path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// The number after a word at the start of a line.
    private static func field(_ name: String, of path: String) -> Int? {
        for line in text(of: path)?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == name { return Int(words[1]) }
        }
        return nil
    }

    private static func text(of path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
