import Kernels
/// Everything `deblur serve` can be told. The rows of ``OptionRow/all`` fill it.
public struct ServeOptions: Sendable {
    public enum LogFormat: String, Sendable, CaseIterable { case text, json }
    public typealias Precision = KernelSet.Precision

    public var host = "127.0.0.1"
    public var port = 8080
    public var unixSocket: String?

    public var model: String?
    public var classifier: String?
    public var exitTable: [Int]?
    public var threads = 1
    public var precision = Precision.fp32

    /// Tiles that may wait.
    public var queueTiles = 0
    public var maxBodyBytes = 0
    public var maxPixels = 0
    public var memoryBudgetBytes = 0
    public var maxConnections = 0

    public var headerTimeoutSeconds = 0.0
    public var bodyTimeoutSeconds = 0.0
    public var idleTimeoutSeconds = 0.0
    public var writeTimeoutSeconds = 0.0
    public var drainSeconds = 0.0

    /// Folder of the spool; nil: a temporary one, for as long as the process lives.
    public var stateFolder: String?
    public var resultTTLSeconds = 0.0
    /// Bytes of the spool.
    public var spoolLimitBytes = 0
    /// Connection string of the database that keeps jobs instead of the state folder; nil: none does.
    public var database: String?
    /// Makes or upgrades the database's tables at the start.
    public var migrates = false
    /// The first part of a job's id.
    public var replica: String?

    public var apiKeyFile: String?
    public var crossOrigin: CrossOriginPolicy?
    public var trustedProxies: [AddressRange] = []
    public var logFormat = LogFormat.text
    public var logLevel = "info"

    /// `[a-z0-9-]{1,32}`
    static func isReplicaName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }

    /// The defaults of the table.
    public init() {
        for row in OptionRow.all {
            // A default that its own row refuses is a mistake in the table; a test loads them all.
            if let text = row.fallback { try? row.apply(text, "default", &self) }
        }
    }

    /// Flags first, then the environment, then defaults. An empty environment value counts as not set.
    ///
    /// - Parameters:
    ///   - flags: by name, without dashes.
    ///   - environment: the process's.
    public init(flags: [String: String], environment: [String: String]) throws(OptionError) {
        self.init()
        for row in OptionRow.all {
            if let text = flags[row.name] {
                try row.apply(text, "--\(row.name)", &self)
            } else if let text = environment[row.environment], !text.isEmpty {
                try row.apply(text, row.environment, &self)
            }
        }
        // Images and units name a folder in the environment for everybody; beside a database it holds large answers on their way alone.
        if let stateFolder = flags["state-dir"], database != nil {
            throw OptionError(source: "--state-dir", value: stateFolder, expected: "nothing, since --database keeps the jobs")
        }
        // Uploads may fill half of the budget (MemoryBudget); a body that is allowed has to fit.
        guard memoryBudgetBytes / 2 >= maxBodyBytes else {
            throw OptionError(
                source: "--memory-budget", value: String(memoryBudgetBytes),
                expected: "at least twice --max-body, \(2 * maxBodyBytes) bytes")
        }
    }
}
