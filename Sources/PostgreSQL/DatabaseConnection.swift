#if PostgreSQL
import CPostgreSQL
import Glibc

/// A connection, for one thread at a time. Every call has an end: what the server does not answer in time closes the connection.
package final class DatabaseConnection {
    private let pq: postgresql_functions
    private let connection: OpaquePointer
    private let settings: DatabaseSettings
    /// Names of prepared statements, by their text.
    private var prepared: [String: String] = [:]
    /// Something went wrong underneath: no statement is sent any more.
    package private(set) var isBroken = false

    /// Connects. Names are looked up by the system, which may take longer than the settings allow.
    ///
    /// - Throws: ``DatabaseError``.
    package init(_ settings: DatabaseSettings) throws(DatabaseError) {
        let pq = try ClientLibrary.functions()
        (self.pq, self.settings) = (pq, settings)
        let pairs = settings.parameters
        var keywords: [UnsafePointer<CChar>?] = pairs.map { UnsafePointer(strdup($0.keyword)) } + [nil]
        var values: [UnsafePointer<CChar>?] = pairs.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer { for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) } }
        guard let connection = pq.PQconnectStartParams(&keywords, &values, 1) else { throw .unavailable("out of memory") }
        self.connection = connection
        do throws(DatabaseError) {
            try establish(until: .now + .seconds(settings.connectSeconds))
        } catch {
            isBroken = true
            throw error
        }
    }

    deinit { pq.PQfinish(connection) }

    private func establish(until deadline: ContinuousClock.Instant) throws(DatabaseError) {
        // The order of libpq’s manual, 34.1, PQconnectStart: the first wait is for writing.
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard pq.PQstatus(connection) != CONNECTION_BAD, state != PGRES_POLLING_FAILED else { throw lost() }
            try wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
            state = pq.PQconnectPoll(connection)
        }
        guard pq.PQsetnonblocking(connection, 1) == 0 else { throw lost() }
        _ = pq.PQsetNoticeProcessor(connection, postgresql_drop_notice, nil)
        guard pq.PQserverVersion(connection) >= 130_000 else {
            throw .settings("PostgreSQL 13 or newer is needed, this is \(serverVersion)")
        }
        if let schema = settings.schema {
            _ = try run(deadline) { pq.PQsendQuery(connection, "SET search_path TO \(schema)") }
        }
    }

    /// As the server names it: `15.18 (Debian …)`.
    package var serverVersion: String {
        pq.PQparameterStatus(connection, "server_version").map { String(cString: $0) } ?? "unknown"
    }

    /// Whether the server has closed it meanwhile.
    package var isClosed: Bool {
        if isBroken { return true }
        var descriptor = pollfd(fd: pq.PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 0) > 0 else { return false }
        return pq.PQconsumeInput(connection) == 0 || pq.PQstatus(connection) != CONNECTION_OK
    }

    // MARK: Statements

    /// Runs one statement with parameters `$1`, `$2`, …. It is prepared once for each connection.
    ///
    /// - Parameter seconds: until it has to be answered; nil: as the settings say.
    package func query(
        _ statement: String, _ parameters: [DatabaseValue] = [], seconds: Double? = nil
    ) throws(DatabaseError) -> DatabaseRows {
        let deadline = ContinuousClock.now + .seconds(seconds ?? settings.statementSeconds)
        let name = try prepare(statement, deadline)
        let encoded = parameters.map(\.encoded)
        let lengths = encoded.map { Int32($0?.count ?? 0) }
        let formats = parameters.map { Int32($0.isBinary ? 1 : 0) }
        // The arrays stay where they are until libpq has copied them.
        let storage = encoded.map { bytes in
            bytes.map { bytes in
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(bytes.count, 1))
                bytes.withUnsafeBytes {
                    UnsafeMutableRawPointer(copy).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count)
                }
                return copy
            }
        }
        defer { for pointer in storage { pointer?.deallocate() } }
        let values = storage.map { $0.map { UnsafePointer($0) } }
        return try run(deadline) {
            pq.PQsendQueryPrepared(connection, name, Int32(values.count), values, lengths, formats, 1)
        }
    }

    private func prepare(_ statement: String, _ deadline: ContinuousClock.Instant) throws(DatabaseError) -> String {
        if let name = prepared[statement] { return name }
        let name = "s\(prepared.count)"
        _ = try run(deadline) { pq.PQsendPrepare(connection, name, statement, 0, nil) }
        prepared[statement] = name
        return name
    }

    /// Runs statements without parameters, several at once if it likes: schema changes.
    package func execute(_ script: String, seconds: Double? = nil) throws(DatabaseError) {
        let deadline = ContinuousClock.now + .seconds(seconds ?? settings.statementSeconds)
        _ = try run(deadline) { pq.PQsendQuery(connection, script) }
    }

    /// Runs `body` in a transaction: all of it, or nothing.
    package func transaction<T>(_ body: () throws(DatabaseError) -> T) throws(DatabaseError) -> T {
        try execute("BEGIN")
        do throws(DatabaseError) {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            // A connection that cannot take back is closed, which takes back as well.
            if !isBroken { do throws(DatabaseError) { try execute("ROLLBACK") } catch { isBroken = true } }
            throw error
        }
    }

    /// Sends, and waits for the last result.
    private func run(_ deadline: ContinuousClock.Instant, _ send: () -> Int32) throws(DatabaseError) -> DatabaseRows {
        guard !isBroken else { throw .unavailable("the connection is closed") }
        guard send() == 1 else { throw lost() }
        do throws(DatabaseError) {
            while true {
                let left = pq.PQflush(connection)
                if left == 0 { break }
                guard left == 1 else { throw lost() }
                if try wait(for: POLLIN | POLLOUT, until: deadline) & POLLIN != 0 { try consume() }
            }
            var (rows, problem): (DatabaseRows?, DatabaseError?) = (nil, nil)
            while let result = try nextResult(deadline) {
                switch pq.PQresultStatus(result.result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: rows = DatabaseRows(result)
                default: problem = problem ?? refusal(result)
                }
            }
            if let problem { throw problem }
            guard let rows else { throw lost() }
            return rows
        } catch {
            if case .refused = error, pq.PQstatus(connection) == CONNECTION_OK { throw error }
            isBroken = true
            throw error
        }
    }

    private func nextResult(_ deadline: ContinuousClock.Instant) throws(DatabaseError) -> DatabaseRows.Storage? {
        while pq.PQisBusy(connection) != 0 {
            try wait(for: POLLIN, until: deadline)
            try consume()
        }
        return pq.PQgetResult(connection).map { DatabaseRows.Storage($0, pq) }
    }

    private func consume() throws(DatabaseError) {
        guard pq.PQconsumeInput(connection) == 1 else { throw lost() }
    }

    /// - Returns: what the socket is ready for.
    @discardableResult
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(DatabaseError) -> Int32 {
        while true {
            let left = Int32(clamping: Int((deadline - .now) / .milliseconds(1)) + 1)
            guard left > 0 else {
                isBroken = true
                throw .timedOut
            }
            var descriptor = pollfd(fd: pq.PQsocket(connection), events: Int16(events), revents: 0)
            guard descriptor.fd >= 0 else { throw lost() }
            if poll(&descriptor, 1, left) > 0 { return Int32(descriptor.revents) }
        }
    }

    /// What the library says of a connection that does not work.
    private func lost() -> DatabaseError {
        isBroken = true
        let text = pq.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return .unavailable(text.split(separator: "\n").joined(separator: "; "))
    }

    private func refusal(_ result: DatabaseRows.Storage) -> DatabaseError {
        let state = pq.PQresultErrorField(result.result, postgresql_sqlstate_field).map { String(cString: $0) }
        let text = pq.PQresultErrorMessage(result.result).map { String(cString: $0) } ?? ""
        // Without a state the library made the error itself: the connection is gone.
        guard let state else { return lost() }
        return .refused(state: state, message: text.split(separator: "\n").joined(separator: "; "))
    }

    // MARK: Notifications

    /// What `NOTIFY` sent to the channels that this connection listens to.
    package struct Notification: Equatable, Sendable {
        package let channel: String
        package let payload: String
    }

    /// What has come so far, without waiting.
    package func notifications() throws(DatabaseError) -> [Notification] {
        try consume()
        var found: [Notification] = []
        while let notify = pq.PQnotifies(connection) {
            found.append(
                Notification(channel: String(cString: notify.pointee.relname), payload: String(cString: notify.pointee.extra)))
            pq.PQfreemem(notify)
        }
        return found
    }

    /// For `poll` beside other descriptors.
    var descriptor: Int32 { pq.PQsocket(connection) }
}
#endif
