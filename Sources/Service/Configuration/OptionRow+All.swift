import Deblur
import Kernels
import Logging

extension OptionRow {
    /// The table, in the order of help and documentation.
    public static let all: [OptionRow] = [
        host, port, unixSocket,
        model, classifier, exitTable, threads, precision,
        queue, maxBody, maxPixels, memoryBudget, maxConnections,
        headerTimeout, bodyTimeout, idleTimeout, writeTimeout, drain,
        stateDir, database, migrate, resultTTL, spoolLimit, replica,
        apiKeyFile, cors, trustProxy,
        logFormat, logLevel,
    ]

    // MARK: Listening

    public static let host = OptionRow(
        "host", "ADDRESS", .listening, default: "127.0.0.1",
        "Address to listen on; 0.0.0.0 or :: for all.", expected: "an address", \.host
    ) { $0.isEmpty ? nil : $0 }
    public static let port = OptionRow(
        "port", "N", .listening, default: "8080", "TCP port; 0 takes any free one and prints it.",
        expected: "a whole number from 0 to 65535", \.port
    ) { Quantity.whole($0).flatMap { $0 <= 65_535 ? $0 : nil } }
    public static let unixSocket = OptionRow(
        "unix-socket", "PATH", .listening, "Listen on this Unix socket instead of a port.",
        expected: "a path of at most 107 bytes", \.unixSocket
    ) { (1...107).contains($0.utf8.count) ? .some($0) : nil }

    // MARK: Network and threads

    public static let model = OptionRow(
        "model", "FILE", .network, note: "the model that comes with deblur",
        "Model to serve: .safetensors or an AdaRevD .pth.", expected: "a path", \.model, path)
    public static let classifier = OptionRow(
        "classifier", "FILE", .network, "A degradation classifier in a file of its own.",
        expected: "a path", \.classifier, path)
    public static let exitTable = OptionRow(
        "exit-table", "LIST", .network, note: "the model's",
        "Sub-decoder per degradation class, hardest class first, as 4,4,3,3,2,1.",
        expected: "a list of whole numbers such as 4,4,3,3,2,1", \.exitTable, ExitChoice.table)
    public static let threads = OptionRow(
        "threads", "N", .network, default: String(Machine.cores), note: "the cores this process may use",
        "Threads that compute.", expected: "a whole number from 1 to 1024", \.threads
    ) { Quantity.whole($0).flatMap { (1...1024).contains($0) ? $0 : nil } }
    public static let precision = OptionRow(
        "precision", "NAME", .network, default: "fp32",
        "Operands of the matrix products: fp32, or bf16 where the CPU has AVX-512 BF16 (faster, rounded to 8 bits).",
        expected: "fp32 or bf16", \.precision, ServeOptions.Precision.init)

    // MARK: Limits

    public static let queue = OptionRow(
        "queue", "TILES", .limits, default: "256",
        "Tiles that may wait. While fewer wait a photo is taken, however many it brings; else it is answered 429.",
        expected: "a whole number of tiles, at least 1", \.queueTiles, positive)
    public static let maxBody = OptionRow(
        "max-body", "SIZE", .limits, default: "64MiB", "Largest request body.",
        expected: "a size such as 64MiB", \.maxBodyBytes
    ) { Quantity.bytes($0).flatMap { $0 > 0 ? $0 : nil } }
    public static let maxPixels = OptionRow(
        "max-pixels", "N", .limits, default: "64MP", "Largest image, width times height.",
        expected: "a number of pixels such as 64MP", \.maxPixels
    ) { Quantity.pixels($0).flatMap { $0 > 0 ? $0 : nil } }
    public static let memoryBudget = OptionRow(
        "memory-budget", "SIZE", .limits, default: String(Machine.memoryBytes / 2),
        note: "half of the machine's memory",
        "Memory for uploads, images and tiles in work, together.",
        expected: "a size such as 2GiB", \.memoryBudgetBytes
    ) { Quantity.bytes($0).flatMap { $0 > 0 ? $0 : nil } }
    public static let maxConnections = OptionRow(
        "max-connections", "N", .limits, default: "512", "Open connections.",
        expected: "a whole number, at least 1", \.maxConnections, positive)

    // MARK: Time

    public static let headerTimeout = OptionRow(
        "header-timeout", "TIME", .time, default: "10s", "For a request's header to arrive.",
        expected: duration, \.headerTimeoutSeconds, time)
    public static let bodyTimeout = OptionRow(
        "body-timeout", "TIME", .time, default: "60s", "For a request's body to arrive.",
        expected: duration, \.bodyTimeoutSeconds, time)
    public static let idleTimeout = OptionRow(
        "idle-timeout", "TIME", .time, default: "60s", "Between two requests of a connection.",
        expected: duration, \.idleTimeoutSeconds, time)
    public static let writeTimeout = OptionRow(
        "write-timeout", "TIME", .time, default: "60s", "Without progress while an answer is sent.",
        expected: duration, \.writeTimeoutSeconds, time)
    public static let drain = OptionRow(
        "drain", "TIME", .time, default: "30s", "After SIGTERM, for running work to finish.",
        expected: duration, \.drainSeconds, Quantity.seconds)

    // MARK: Jobs

    public static let stateDir = OptionRow(
        "state-dir", "FOLDER", .jobs, note: "a temporary folder, gone with the process",
        "Folder where accepted jobs and their results survive a crash and a restart.",
        expected: "a path", \.stateFolder, path)
    public static let database = OptionRow(
        "database", "CONNINFO", .jobs,
        "PostgreSQL that keeps jobs instead of a folder, for several replicas: `host=db dbname=deblur`, or `service=NAME`. Passwords "
            + "come from PGPASSFILE or ~/.pgpass.",
        expected: "a connection string", \.database, path)
    public static let migrate = OptionRow(
        "migrate", "", .jobs, default: "no", "Make or upgrade the database's tables at the start; in the environment yes or no.",
        expected: "yes or no", \.migrates
    ) { ["yes": true, "no": false][$0] }
    public static let resultTTL = OptionRow(
        "result-ttl", "TIME", .jobs, default: "1h", "How long the result of a job is kept.",
        expected: duration, \.resultTTLSeconds, time)
    public static let spoolLimit = OptionRow(
        "spool-limit", "SIZE", .jobs, default: "4GiB",
        "Most bytes that photos and results of jobs take on disk; beyond it new jobs are refused with 507.",
        expected: "a size such as 4GiB", \.spoolLimitBytes
    ) { Quantity.bytes($0).flatMap { $0 > 0 ? $0 : nil } }
    public static let replica = OptionRow(
        "replica", "NAME", .jobs,
        "Name of this replica: the first part of its jobs' ids, by which proxies find it.",
        expected: "1 to 32 of a-z, 0-9 and -", \.replica
    ) { ServeOptions.isReplicaName($0) ? .some($0) : nil }

    // MARK: Trust

    public static let apiKeyFile = OptionRow(
        "api-key-file", "FILE", .trust,
        "Ask for one of these keys as `Authorization: Bearer`: `KEY` or `NAME [rate=N/min] [jobs=N]: KEY` per line, # starts a comment.",
        expected: "a path", \.apiKeyFile, path)
    public static let cors = OptionRow(
        "cors", "LIST", .trust,
        "Let web pages of these origins call the service, as https://app.example,http://localhost:3000; * for all.",
        expected: "a list of origins such as https://app.example,http://localhost:3000, without paths", \.crossOrigin
    ) { CrossOriginPolicy($0).map { .some($0) } }
    public static let trustProxy = OptionRow(
        "trust-proxy", "LIST", .trust,
        "Believe X-Forwarded-For and -Proto of these addresses or networks only, as 127.0.0.1,10.0.0.0/8.",
        expected: "a list of addresses or networks such as 127.0.0.1,10.0.0.0/8", \.trustedProxies, parseRanges)

    // MARK: Logs

    public static let logFormat = OptionRow(
        "log-format", "NAME", .logs, default: "text", "Log lines on stderr: text or json.",
        expected: "text or json", \.logFormat, ServeOptions.LogFormat.init)
    public static let logLevel = OptionRow(
        "log-level", "NAME", .logs, default: "info", "Least level: trace, debug, info, notice, warning, error.",
        expected: "one of trace, debug, info, notice, warning, error, critical", \.logLevel
    ) { Logger.Level(rawValue: $0) == nil ? nil : $0 }

    // MARK: Parsers

    @Sendable private static func parseRanges(_ text: String) -> [AddressRange]? {
        let ranges = text.split(separator: ",").map { AddressRange($0.trimmingCharacters(in: .whitespaces)) }
        return ranges.isEmpty || ranges.contains(nil) ? nil : ranges.compactMap { $0 }
    }

    @Sendable private static func path(_ text: String) -> String?? { text.isEmpty ? nil : .some(text) }
    @Sendable private static func positive(_ text: String) -> Int? {
        Quantity.whole(text).flatMap { $0 > 0 ? $0 : nil }
    }
    @Sendable private static func time(_ text: String) -> Double? {
        Quantity.seconds(text).flatMap { $0 > 0 ? $0 : nil }
    }
    private static let duration = "a duration such as 30s or 2m"
}
