import ArgumentParser
import Foundation
import Service

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Makes or upgrades the tables of a database that keeps jobs.",
        discussion: "Safe to run again, and from several replicas at once. `deblur serve --migrate` does the same at its start.")

    @Option(
        help: ArgumentHelp(
            "PostgreSQL: `host=db dbname=deblur`, or `service=NAME`. Passwords come from PGPASSFILE or ~/.pgpass.",
            valueName: "conninfo"))
    var database: String?

    func run() throws {
        let environment = ProcessInfo.processInfo.environment[OptionRow.database.environment]
        guard let database = database ?? environment, !database.isEmpty else {
            throw ValidationError("--database: a connection string is expected, or DEBLUR_DATABASE")
        }
        let (from, to) = try DatabaseSupport.migrate(database)
        print(from == to ? "the tables are of version \(to) already" : "the tables are now of version \(to) (before: \(from))")
    }
}
