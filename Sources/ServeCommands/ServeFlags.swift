import ArgumentParser
import Files
import Service

/// The flags of `serve`: one line for each row of the table, which says everything else about them.
struct ServeFlags: ParsableArguments {
    @Option(.host) var host: String?
    @Option(.port) var port: String?
    @Option(.unixSocket) var unixSocket: String?
    @Option(.model) var model: String?
    @Option(.classifier) var classifier: String?
    @Option(.exitTable) var exitTable: String?
    @Option(.threads) var threads: String?
    @Option(.precision) var precision: String?
    @Option(.queue) var queue: String?
    @Option(.maxBody) var maxBody: String?
    @Option(.maxPixels) var maxPixels: String?
    @Option(.memoryBudget) var memoryBudget: String?
    @Option(.maxConnections) var maxConnections: String?
    @Option(.headerTimeout) var headerTimeout: String?
    @Option(.bodyTimeout) var bodyTimeout: String?
    @Option(.idleTimeout) var idleTimeout: String?
    @Option(.writeTimeout) var writeTimeout: String?
    @Option(.drain) var drain: String?
    @Option(.stateDir) var stateDir: String?
    @Option(.database) var database: String?
    @Flag(help: ArgumentHelp(OptionRow.migrate.flagHelp)) var migrate = false
    @Option(.resultTTL) var resultTTL: String?
    @Option(.spoolLimit) var spoolLimit: String?
    @Option(.replica) var replica: String?
    @Option(.apiKeyFile) var apiKeyFile: String?
    @Option(.cors) var cors: String?
    @Option(.trustProxy) var trustProxy: String?
    @Option(.logFormat) var logFormat: String?
    @Option(.logLevel) var logLevel: String?

    /// Models are opened by the bytes of their names; everything else is text.
    func validate() throws {
        for (name, value) in given where ![OptionRow.model.name, OptionRow.classifier.name].contains(name) {
            guard ArgumentText.isPlain(value) else { throw ValidationError("--\(name): the value is not UTF-8") }
        }
    }

    /// What was given, by the names of the table.
    var given: [String: String] {
        let values: [(OptionRow, String?)] = [
            (.host, host), (.port, port), (.unixSocket, unixSocket), (.model, model), (.classifier, classifier),
            (.exitTable, exitTable), (.threads, threads), (.precision, precision), (.queue, queue),
            (.maxBody, maxBody), (.maxPixels, maxPixels), (.memoryBudget, memoryBudget),
            (.maxConnections, maxConnections), (.headerTimeout, headerTimeout), (.bodyTimeout, bodyTimeout),
            (.idleTimeout, idleTimeout), (.writeTimeout, writeTimeout), (.drain, drain),
            (.stateDir, stateDir), (.database, database), (.migrate, migrate ? "yes" : nil), (.resultTTL, resultTTL),
            (.spoolLimit, spoolLimit), (.replica, replica),
            (.apiKeyFile, apiKeyFile), (.cors, cors), (.trustProxy, trustProxy), (.logFormat, logFormat),
            (.logLevel, logLevel),
        ]
        return Dictionary(uniqueKeysWithValues: values.compactMap { row, value in value.map { (row.name, $0) } })
    }
}

extension Option where Value == String? {
    /// A flag of the table.
    init(_ row: OptionRow) {
        self.init(name: .customLong(row.name), help: ArgumentHelp("\(row.flagHelp)", valueName: row.placeholder))
    }
}
