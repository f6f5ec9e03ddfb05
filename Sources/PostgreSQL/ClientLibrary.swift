#if PostgreSQL
import CPostgreSQL

/// libpq, loaded once.
enum ClientLibrary {
    private static let loaded: Result<postgresql_functions, DatabaseError> = {
        withUnsafeTemporaryAllocation(of: postgresql_functions.self, capacity: 1) { table in
            let functions = table.baseAddress!
            if let reason = postgresql_load(functions) { return .failure(.noLibrary(String(cString: reason))) }
            return .success(functions.move())
        }
    }()

    /// - Throws: ``DatabaseError/noLibrary(_:)``.
    static func functions() throws(DatabaseError) -> postgresql_functions { try loaded.get() }
}
#endif
