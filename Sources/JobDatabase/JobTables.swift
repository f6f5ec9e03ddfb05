#if PostgreSQL
import PostgreSQL

/// Jobs in PostgreSQL: every statement that touches their tables.
///
/// Times are those of the server's clock alone, so that replicas need not agree on theirs. Each call is one transaction and blocks: it
/// belongs on a thread of a ``DatabasePool``. A call whose connection broke may have taken effect.
package enum JobTables {
    /// Where ``DatabaseListener`` hears of changes. Payloads: `queue`, or `event <id>`, or `end <id>`.
    package static let channel = "deblur_jobs"

    /// Bytes of a piece: large enough that a photo has few rows, small enough that one costs little memory on either side.
    package static let pieceBytes = 1 << 20

    /// Limits of a store; nil: none.
    package struct Limits: Sendable {
        /// Bytes of all jobs together.
        package var bytes: Int?
        /// Jobs of one client that are neither gone nor cancelled.
        package var jobsOfClient: Int?
        /// Jobs that come at the same moment do not pass ``jobsOfClient`` together either.
        package var isExact: Bool

        package init(bytes: Int? = nil, jobsOfClient: Int? = nil, isExact: Bool = false) {
            (self.bytes, self.jobsOfClient, self.isExact) = (bytes, jobsOfClient, isExact)
        }
    }

    // MARK: Coming in

    /// Takes in a job. When this returns, it survives what the server survives.
    ///
    /// The limits are looked at before it is written, without a lock: jobs that come at the same moment may pass them together, unless
    /// they are exact.
    ///
    /// - Throws: ``StoreRefusal``, ``DatabaseError``.
    package static func accept(
        _ connection: DatabaseConnection, _ job: AcceptedJob, photo: [UInt8], limits: Limits = Limits()
    ) throws {
        if let limit = limits.jobsOfClient {
            let actual = try count(connection, of: job.client) + 1
            if actual > limit { throw StoreRefusal.jobs(limit: limit, actual: actual) }
        }
        if let limit = limits.bytes {
            let actual = try totalBytes(connection) + job.bytes
            if actual > limit { throw StoreRefusal.bytes(limit: limit, actual: actual) }
        }
        let most = limits.isExact ? limits.jobsOfClient : nil
        let tooMany: Int?
        do throws(DatabaseError) { tooMany = try add(connection, job, photo, most: most) } catch {
            if case .refused("23505", _) = error { throw StoreRefusal.exists }
            throw error
        }
        if let tooMany, let most { throw StoreRefusal.jobs(limit: most, actual: tooMany) }
    }

    private static func count(_ connection: DatabaseConnection, of client: String) throws(DatabaseError) -> Int {
        try connection.query(
            "SELECT count(*) FROM deblur_jobs WHERE client = $1 AND NOT is_gone AND state <> 'cancelled'", [.text(client)])[0].integer(0)
    }

    /// - Parameter most: of this client; nil: any number.
    /// - Returns: how many there would be, where that is too many; nothing is written then.
    private static func add(
        _ connection: DatabaseConnection, _ job: AcceptedJob, _ photo: [UInt8], most: Int?
    ) throws(DatabaseError) -> Int? {
        try connection.transaction { () throws(DatabaseError) in
            _ = try connection.query(
                """
                INSERT INTO deblur_jobs (id, client, state, record, bytes, memory, tiles, events)
                VALUES ($1, $2, 'queued', $3, $4, $5, $6, 1)
                """,
                [
                    .text(job.id), .text(job.client), .text(job.record), .init(job.bytes), .init(job.memory), .init(job.tiles),
                ])
            try write(connection, .photo, photo, of: job.id)
            try insert(connection, [StoredEvent(number: 1, name: "queued", data: job.event)], of: job.id)
            if let most {
                // At the very end, so that nobody waits for a photo to be written: until this transaction is over no other job of the client
                // is counted, and the next count has this one.
                _ = try connection.query("SELECT pg_advisory_xact_lock(\(clientLock), hashtext($1))", [.text(job.client)])
                let actual = try count(connection, of: job.client)
                if actual > most {
                    _ = try connection.query("DELETE FROM deblur_jobs WHERE id = $1", [.text(job.id)])
                    return actual
                }
            }
            try notify(connection, "queue")
            return nil
        }
    }

    /// The first half of the numbers that are locked while a client's jobs are counted; nothing else locks such.
    private static let clientLock = 0x6465_626c

    // MARK: Reading

    /// - Parameter clients: only if it is one of theirs; nil: anybody's. What another one's job holds is not read.
    /// - Returns: nil where there is none of that name.
    package static func find(
        _ connection: DatabaseConnection, _ id: String, of clients: [String]? = nil
    ) throws(DatabaseError) -> StoredJob? {
        let rows = try connection.query(
            """
            SELECT \(StoredJob.columns) FROM deblur_jobs
            WHERE id = $1 AND ($2::text IS NULL OR client = ANY(string_to_array($2, E'\\n')))
            """, [.text(id), .init(clients?.joined(separator: "\n"))])
        return try rows.first.map { row throws(DatabaseError) in try StoredJob(row) }
    }

    /// Jobs of some clients that are not gone, newest first.
    ///
    /// - Parameters:
    ///   - state: only those, and with queued those that a replica has taken and maybe not begun; nil: all.
    ///   - before: only with a smaller number.
    package static func list(
        _ connection: DatabaseConnection, clients: [String], state: String?, before: Int?, limit: Int
    ) throws(DatabaseError) -> [StoredJob] {
        let rows = try connection.query(
            """
            SELECT \(StoredJob.columns) FROM unnest(string_to_array($1, E'\\n')) AS account CROSS JOIN LATERAL (
                SELECT * FROM deblur_jobs
                WHERE client = account AND NOT is_gone AND number < $3
                    AND ($2::text IS NULL OR state = $2 OR $2 = 'queued' AND state = 'running')
                ORDER BY number DESC LIMIT $4) AS newest
            ORDER BY number DESC LIMIT $4
            """, [.text(clients.joined(separator: "\n")), .init(state), .init(before ?? Int.max), .init(limit)])
        var jobs: [StoredJob] = []
        for row in rows { jobs.append(try StoredJob(row)) }
        return jobs
    }

    /// Jobs that wait: how many came before a number, and the mean of the tiles of all of them.
    package static func waiting(
        _ connection: DatabaseConnection, before number: Int = .max
    ) throws(DatabaseError) -> (ahead: Int, meanTiles: Double) {
        let row = try connection.query(
            "SELECT count(*) FILTER (WHERE number < $1), coalesce(avg(tiles), 0)::float8 FROM deblur_jobs WHERE state = 'queued'",
            [.init(number)])[0]
        return (try row.integer(0), try row.double(1))
    }

    /// How many that wait came before each of those jobs that wait, by their numbers.
    package static func ahead(_ connection: DatabaseConnection, of numbers: [Int]) throws(DatabaseError) -> [Int: Int] {
        let rows = try connection.query(
            """
            SELECT number, ahead FROM (
                SELECT number, row_number() OVER (ORDER BY number) - 1 AS ahead FROM deblur_jobs WHERE state = 'queued') AS queue
            WHERE number = ANY(string_to_array($1, ',')::bigint[])
            """, [.text(numbers.map { String($0) }.joined(separator: ","))])
        var ahead: [Int: Int] = [:]
        for row in rows { ahead[try row.integer(0)] = try row.integer(1) }
        return ahead
    }

    /// Jobs that are not gone, by state.
    package static func counts(_ connection: DatabaseConnection) throws(DatabaseError) -> [String: Int] {
        var counts: [String: Int] = [:]
        for row in try connection.query("SELECT state, count(*) FROM deblur_jobs WHERE NOT is_gone GROUP BY state") {
            counts[try row.text(0)] = try row.integer(1)
        }
        return counts
    }

    /// What all jobs take, or may take once they are done.
    package static func totalBytes(_ connection: DatabaseConnection) throws(DatabaseError) -> Int {
        try connection.query("SELECT coalesce(sum(bytes), 0)::bigint FROM deblur_jobs WHERE NOT is_gone")[0].integer(0)
    }

    /// Events behind number `after`, oldest first.
    package static func events(
        _ connection: DatabaseConnection, of id: String, after: Int, limit: Int = 1000
    ) throws(DatabaseError) -> [StoredEvent] {
        let rows = try connection.query(
            "SELECT number, name, data FROM deblur_events WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3",
            [.text(id), .init(after), .init(limit)])
        var events: [StoredEvent] = []
        for row in rows { events.append(StoredEvent(number: try row.integer(0), name: try row.text(1), data: try row.text(2))) }
        return events
    }

    // MARK: Bytes

    /// One piece, from 0 on; nil behind the last one.
    package static func piece(
        _ connection: DatabaseConnection, _ kind: StoredKind, of id: String, number: Int
    ) throws(DatabaseError) -> [UInt8]? {
        let rows = try connection.query(
            "SELECT bytes FROM deblur_pieces WHERE job = $1 AND kind = $2 AND piece = $3",
            [.text(id), .text(kind.rawValue), .init(number)])
        return try rows.first?.bytes(0)
    }

    /// Part of it; nil where it is not there whole.
    package static func slice(
        _ connection: DatabaseConnection, _ kind: StoredKind, of id: String, at offset: Int, count: Int
    ) throws(DatabaseError) -> [UInt8]? {
        var found: [UInt8] = []
        while found.count < count {
            let first = offset + found.count
            let rows = try connection.query(
                "SELECT substring(bytes FROM $4::int FOR $5::int) FROM deblur_pieces WHERE job = $1 AND kind = $2 AND piece = $3",
                [
                    .text(id), .text(kind.rawValue), .init(first / pieceBytes), .init(first % pieceBytes + 1),
                    .init(count - found.count),
                ])
            guard let part = try rows.first?.bytes(0), !part.isEmpty else { return nil }
            found += part
        }
        return found
    }

    /// All of it.
    package static func bytes(_ connection: DatabaseConnection, _ kind: StoredKind, of id: String) throws(DatabaseError) -> [UInt8] {
        var all: [UInt8] = []
        var number = 0
        while let piece = try piece(connection, kind, of: id, number: number) {
            all += piece
            number += 1
        }
        return all
    }

    static func write(_ connection: DatabaseConnection, _ kind: StoredKind, _ bytes: [UInt8], of id: String) throws(DatabaseError) {
        var (first, number) = (0, 0)
        while first < bytes.count {
            let end = min(first + pieceBytes, bytes.count)
            _ = try connection.query(
                "INSERT INTO deblur_pieces (job, kind, piece, bytes) VALUES ($1, $2, $3, $4)",
                [.text(id), .text(kind.rawValue), .init(number), .bytes(Array(bytes[first..<end]))])
            (first, number) = (end, number + 1)
        }
    }

    /// What is there already stays: a job that is done again has the same events, and streams have sent them.
    static func insert(_ connection: DatabaseConnection, _ events: [StoredEvent], of id: String) throws(DatabaseError) {
        for event in events {
            _ = try connection.query(
                "INSERT INTO deblur_events (job, number, name, data) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                [.text(id), .init(event.number), .text(event.name), .text(event.data)])
        }
    }

    /// Heard when the transaction is over; the same text twice in a transaction is heard once.
    static func notify(_ connection: DatabaseConnection, _ payload: String) throws(DatabaseError) {
        _ = try connection.query("SELECT pg_notify('\(channel)', $1)", [.text(payload)])
    }
}
#endif
