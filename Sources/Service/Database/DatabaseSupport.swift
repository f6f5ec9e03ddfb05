#if PostgreSQL
import JobDatabase
import PostgreSQL
#endif

/// Jobs in a database, where the program was built with the package's trait `PostgreSQL`.
public enum DatabaseSupport {
    /// Makes or upgrades the tables of `--database`. Safe to run again, and from several programs at once.
    ///
    /// - Parameter database: libpq's connection string.
    /// - Returns: the versions of the tables before (0: there were none) and after.
    /// - Throws: an error that says in words what is wrong.
    public static func migrate(_ database: String) throws -> (from: Int, to: Int) {
        #if PostgreSQL
        try Schema.migrate(DatabaseConnection(DatabaseSettings(database)))
        #else
        throw NotBuilt()
        #endif
    }

    /// - Parameter database: libpq's connection string.
    /// - Throws: an error that says in words what is wrong.
    static func keeper(_ database: String, options: ServeOptions, context: ServiceContext) throws -> any JobKeeper {
        #if PostgreSQL
        try DatabaseKeeper(options: options, settings: DatabaseSettings(database), context: context)
        #else
        throw NotBuilt()
        #endif
    }

    #if !PostgreSQL
    struct NotBuilt: Error, CustomStringConvertible {
        var description: String { "--database: this program was built without PostgreSQL, the package's trait of that name" }
    }
    #endif
}
