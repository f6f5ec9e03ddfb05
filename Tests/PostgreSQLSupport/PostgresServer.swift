#if PostgreSQL
import Foundation
import PostgreSQL

/// A PostgreSQL server of a test's own: a data folder in the temporary folder, a socket beside it, no port.
package final class PostgresServer {
    package let folder: String
    private let programs: String
    private let user: String?
    private var server: Process?

    /// Where Debian, Fedora and PATH have `initdb`; nil: it is not installed.
    package static let programs: String? = {
        let debian = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
            .sorted { Int($0) ?? 0 > Int($1) ?? 0 }.map { "/usr/lib/postgresql/\($0)/bin" }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (debian + path).first {
            FileManager.default.isExecutableFile(atPath: "\($0)/initdb") && FileManager.default.isExecutableFile(atPath: "\($0)/postgres")
        }
    }()

    package init() throws {
        programs = try Self.programs ?? { throw CocoaError(.fileNoSuchFile) }()
        // PostgreSQL does not run as root.
        user = getuid() == 0 ? "nobody" : nil
        folder = "/tmp/deblur-pg-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        if let user { _ = chown(folder, getpwnam(user).pointee.pw_uid, gid_t.max) }
        let setup = try launch(
            "\(programs)/initdb", ["-D", "\(folder)/data", "-A", "trust", "-U", "deblur", "-E", "UTF8", "--no-sync"])
        setup.waitUntilExit()
        guard setup.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        try start()
    }

    deinit {
        stop("immediate")
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// For ``DatabaseSettings``.
    package var connection: String { connection(to: "postgres") }

    package func connection(to database: String) -> String { "host=\(folder) user=deblur dbname=\(database)" }

    package func settings() throws -> DatabaseSettings { try DatabaseSettings(connection) }

    package func start() throws {
        let process = try launch(
            "\(programs)/postgres",
            [
                "-D", "\(folder)/data", "-c", "listen_addresses=", "-c", "unix_socket_directories=\(folder)", "-c", "fsync=off", "-c",
                "max_connections=400",
            ])
        server = process
        let end = ContinuousClock.now + .seconds(60)
        while (try? DatabaseConnection(settings())) == nil {
            guard process.isRunning, .now < end else { throw CocoaError(.executableLoad) }
            usleep(50_000)
        }
    }

    /// - Parameter mode: `fast` or `immediate`, as `pg_ctl` knows them.
    package func stop(_ mode: String) {
        guard let server else { return }
        // The server itself: a child of a Dispatch thread begins with signals blocked, and only PostgreSQL unblocks them.
        let file = try? String(contentsOfFile: "\(folder)/data/postmaster.pid", encoding: .utf8)
        guard let pid = file?.split(separator: "\n").first.flatMap({ pid_t($0) }) else { return }
        kill(pid, mode == "fast" ? SIGINT : SIGQUIT)
        server.waitUntilExit()
        self.server = nil
    }

    /// Starts a program as a user that PostgreSQL accepts; it ends with the tests, or after a quarter of an hour.
    private func launch(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let asUser = user.map { ["setpriv", "--reuid=\($0)", "--regid=nogroup", "--clear-groups"] } ?? []
        process.arguments = ["-C", folder, "timeout", "-s", "INT", "900"] + asUser + [program] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
#endif
