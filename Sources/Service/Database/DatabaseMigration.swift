import JobDatabase
import PostgreSQL

/// Makes or upgrades the tables of `--database`.
public enum DatabaseMigration {
    /// Safe to run again, and from several programs at once.
    ///
    /// - Parameter database: libpq's connection string.
    /// - Returns: the versions of the tables before (0: there were none) and after.
    /// - Throws: an error that says in words what is wrong.
    public static func run(_ database: String) throws -> (from: Int, to: Int) {
        try Schema.migrate(DatabaseConnection(DatabaseSettings(database)))
    }
}
