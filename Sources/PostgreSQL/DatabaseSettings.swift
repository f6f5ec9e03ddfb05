#if PostgreSQL
import CPostgreSQL

/// How to reach a database: libpq's connection string (`host=… dbname=…`, a `postgresql://` address, or `service=NAME`).
///
/// What it does not say comes from the environment (PGHOST, PGPASSFILE and so on), as in every client of PostgreSQL.
package struct DatabaseSettings: Sendable, Equatable {
    /// As it was given. It holds no password.
    package let text: String
    /// Seconds until a connection has to be there.
    package var connectSeconds = 5.0
    /// Seconds for one statement, unless its caller says another number; the server stops it then too.
    package var statementSeconds = 20.0
    /// `NAME` or `NAME, public`: where tables are looked for and made. nil: as the server is set up.
    package var schema: String?

    /// - Throws: ``DatabaseError/settings(_:)`` for a string that libpq does not understand, or one with a password: command lines can
    ///   be read by every user of a machine. ``DatabaseError/noLibrary(_:)``.
    package init(_ text: String) throws(DatabaseError) {
        let pq = try ClientLibrary.functions()
        var message: UnsafeMutablePointer<CChar>?
        guard let options = pq.PQconninfoParse(text, &message) else {
            defer { pq.PQfreemem(message) }
            let reason = message.map { String(cString: $0) } ?? "out of memory"
            // Without the string itself: it may have a password.
            throw .settings("the connection string cannot be read: \(reason.split(separator: "\n").first ?? "")")
        }
        defer { pq.PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "password", option.pointee.val != nil {
                throw .settings("the connection string has a password; name a file of passwords by PGPASSFILE, or use ~/.pgpass")
            }
            option += 1
        }
        self.text = text
    }

    /// Keywords and values for `PQconnectStartParams`. What stands before `dbname` can be overruled by the string, what stands
    /// behind it cannot.
    var parameters: [(keyword: String, value: String)] {
        let sessions = [
            "statement_timeout=\(Int(statementSeconds * 1000))",
            // A replica that stands still in the middle of a transaction holds up no other.
            "idle_in_transaction_session_timeout=\(Int(statementSeconds * 1000))",
            "lock_timeout=\(Int(statementSeconds * 500))",
        ]
        return [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "\(Int(statementSeconds * 1000))"), ("fallback_application_name", "deblur"),
            ("options", sessions.map { "-c \($0)" }.joined(separator: " ")), ("dbname", text), ("client_encoding", "UTF8"),
        ]
    }
}
#endif
