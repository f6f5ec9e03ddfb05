#if PostgreSQL
import PostgreSQL

extension JobTables {
    /// Removes the bytes and events of a job that has ended; the memory of it stays for a while.
    ///
    /// - Returns: false when it has not ended, or is gone already.
    package static func expire(
        _ connection: DatabaseConnection, _ id: String, record: String, seconds: Double
    ) throws(DatabaseError) -> Bool {
        try connection.transaction { () throws(DatabaseError) in try leave(connection, id, record, seconds) }
    }

    /// The same for jobs whose results have had their time, longest ago first; those that another program expires are passed over.
    ///
    /// - Parameters:
    ///   - limit: most of them, in one transaction.
    ///   - record: what is remembered of a job; nil: what is there.
    /// - Returns: how many.
    package static func expireDue(
        _ connection: DatabaseConnection, limit: Int = 100, seconds: Double, record: (StoredJob) -> String?
    ) throws(DatabaseError) -> Int {
        try connection.transaction { () throws(DatabaseError) in
            let rows = try connection.query(
                """
                SELECT \(StoredJob.columns) FROM deblur_jobs WHERE expires_at < now() AND NOT is_gone
                ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
                """, [.init(limit)])
            for row in rows {
                let job = try StoredJob(row)
                _ = try leave(connection, job.id, record(job) ?? job.record, seconds)
            }
            return rows.count
        }
    }

    /// Of a job that has ended only the memory.
    private static func leave(
        _ connection: DatabaseConnection, _ id: String, _ record: String, _ seconds: Double
    ) throws(DatabaseError) -> Bool {
        let count = try connection.query(
            """
            UPDATE deblur_jobs SET is_gone = true, bytes = 0, record = $2, expires_at = now() + make_interval(secs => $3)
            WHERE id = $1 AND NOT is_gone AND state IN ('succeeded', 'failed', 'cancelled')
            """, [.text(id), .text(record), .double(seconds)]
        ).changed
        guard count == 1 else { return false }
        _ = try connection.query("DELETE FROM deblur_pieces WHERE job = $1", [.text(id)])
        _ = try connection.query("DELETE FROM deblur_events WHERE job = $1", [.text(id)])
        return true
    }

    /// A result that is being read stays for so long at least, if it is there.
    package static func keep(_ connection: DatabaseConnection, _ id: String, seconds: Double) throws(DatabaseError) {
        _ = try connection.query(
            """
            UPDATE deblur_jobs SET expires_at = now() + make_interval(secs => $2)
            WHERE id = $1 AND NOT is_gone AND expires_at < now() + make_interval(secs => $2)
            """, [.text(id), .double(seconds)])
    }

    /// Removes every trace of a job.
    package static func remove(_ connection: DatabaseConnection, _ id: String) throws(DatabaseError) {
        _ = try connection.query("DELETE FROM deblur_jobs WHERE id = $1", [.text(id)])
    }

    /// Forgets jobs that are gone and whose time is up, and all but the newest `most` of those that are gone or cancelled.
    ///
    /// - Returns: how many.
    package static func forget(_ connection: DatabaseConnection, most: Int) throws(DatabaseError) -> Int {
        try connection.query(
            """
            DELETE FROM deblur_jobs WHERE id IN (
                SELECT id FROM deblur_jobs WHERE is_gone AND expires_at < now() OR (is_gone OR state = 'cancelled') AND number <= (
                    SELECT number FROM deblur_jobs WHERE is_gone OR state = 'cancelled' ORDER BY number DESC OFFSET $1 LIMIT 1)
                LIMIT 1000 FOR UPDATE SKIP LOCKED)
            """, [.init(most)]
        ).changed
    }
}
#endif
