import Foundation

/// The `process_*` metrics that Prometheus' client libraries agree on, read from /proc when somebody asks.
public enum ProcessMetrics {
    public static func register(in registry: Registry) {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        registry.sampled(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", kind: .counter
        ) {
            // Fields 14 and 15 of proc(5) stat: utime and stime.
            statFields().flatMap { fields in
                Double(fields[11]).flatMap { user in Double(fields[12]).map { (user + $0) / ticks } }
            }
        }
        registry.sampled("process_resident_memory_bytes", "Resident memory size in bytes.") {
            residentBytes().map(Double.init)
        }
        registry.sampled("process_virtual_memory_bytes", "Virtual memory size in bytes.") {
            statFields().flatMap { Double($0[20]) }
        }
        registry.sampled("process_open_fds", "Number of open file descriptors.") {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count) }
        }
        registry.sampled("process_max_fds", "Maximum number of open file descriptors.") {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
            return Double(limit.rlim_cur)
        }
        let start = startSeconds(ticks: ticks)
        registry.sampled(
            "process_start_time_seconds", "Start time of the process since unix epoch in seconds."
        ) { start }
    }

    /// Resident memory of this process; nil where /proc does not say.
    public static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Fields of /proc/self/stat from the third on: the second, the command, may hold spaces and parentheses.
    private static func statFields() -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 21 ? fields : nil
    }

    private static func startSeconds(ticks: Double) -> Double? {
        guard let started = statFields().flatMap({ Double($0[19]) }),
            let stat = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let boot = stat.split(separator: "\n").first(where: { $0.hasPrefix("btime ") })
                .flatMap({ Double($0.dropFirst(6)) })
        else { return nil }
        return boot + started / ticks
    }
}
