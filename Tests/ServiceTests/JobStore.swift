import Foundation
import Service
import Synchronization
import TestSupport
import Testing

#if PostgreSQL
import PostgreSQL
import PostgreSQLSupport
#endif

/// What keeps jobs in a test. Clients must not see which it is: a test that is not about files runs with each.
enum JobStore: String, CaseIterable, CustomTestStringConvertible {
    case folder, database

    var testDescription: String { rawValue }

    /// Those that can be tried here: a database needs PostgreSQL's server.
    static let here: [JobStore] = {
        #if PostgreSQL
        PostgresServer.programs == nil ? [.folder] : allCases
        #else
        [.folder]
        #endif
    }()
}

/// A store of a test's own, which outlives the services that use it one after the other and is gone with the test.
final class JobHome {
    let store: JobStore
    /// What `deblur serve` is told of it.
    let flags: [String: String]
    private let folder: StateFolder?

    #if PostgreSQL
    private let server: PostgresServer?
    private let name = "test_\(UInt64.random(in: 0 ... .max))"

    init(_ store: JobStore) throws {
        self.store = store
        folder = store == .folder ? try StateFolder() : nil
        server = store == .database ? try Self.sharedServer() : nil
        guard let server else {
            flags = ["state-dir": folder?.path ?? ""]
            return
        }
        try DatabaseConnection(server.settings()).execute("CREATE DATABASE \(name)")
        flags = ["database": server.connection(to: name), "migrate": "yes"]
    }

    deinit {
        guard let server else { return }
        try? DatabaseConnection(server.settings()).execute("DROP DATABASE \(name) WITH (FORCE)")
    }

    /// Of a test that does to the database what others may do.
    func connection() throws -> DatabaseConnection {
        try DatabaseConnection(DatabaseSettings(flags["database"] ?? ""))
    }

    /// One for the tests that run at a time; it ends with the last of them.
    private static func sharedServer() throws -> PostgresServer {
        try servers.withLock { servers in
            if let server = servers.current { return server }
            let server = try PostgresServer()
            servers.current = server
            return server
        }
    }

    private struct Servers: @unchecked Sendable {
        // Touched under the lock alone.
        weak var current: PostgresServer?
    }

    private static let servers = Mutex(Servers())
    #else
    init(_ store: JobStore) throws {
        let folder = try StateFolder()
        (self.store, self.folder, flags) = (store, folder, ["state-dir": folder.path])
    }
    #endif

    /// As kills in the middle of the work leave a job that waits.
    func setTries(_ tries: Int, of id: String) throws {
        #if PostgreSQL
        if store == .database {
            return try connection().execute("UPDATE deblur_jobs SET tries = \(tries) WHERE id = '\(id)' AND state = 'queued'")
        }
        #endif
        try folder?.change(id) { $0.replacing("\"requestID\"", with: "\"tries\":\(tries),\"requestID\"") }
    }

    /// Files in a state folder; nil in a database.
    var files: [String]? { folder?.files }
}
