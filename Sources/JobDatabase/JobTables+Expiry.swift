#if PostgreSQL
import PostgreSQL

extension JobTables {
    /// Removes the bytes and events of a job that has ended; the memory of it stays for a while.
    ///
    /// - Returns: false when it has not ended, or is gone already.
    package static func expire(
        _ connection: DatabaseConnection, _ id: String, record: String, seconds: Double
    ) throws(DatabaseError) -> Bool {
        try connection.transaction { () throws(DatabaseError) in
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
    }

    /// Removes every trace of a job.
    package static func remove(_ connection: DatabaseConnection, _ id: String) throws(DatabaseError) {
        _ = try connection.query("DELETE FROM deblur_jobs WHERE id = $1", [.text(id)])
    }

    /// Jobs whose results have had their time, longest ago first.
    package static func due(_ connection: DatabaseConnection, limit: Int = 100) throws(DatabaseError) -> [StoredJob] {
        let rows = try connection.query(
            "SELECT \(StoredJob.columns) FROM deblur_jobs WHERE expires_at < now() AND NOT is_gone ORDER BY expires_at LIMIT $1",
            [.init(limit)])
        var jobs: [StoredJob] = []
        for row in rows { jobs.append(try StoredJob(row)) }
        return jobs
    }

    /// Forgets jobs that are gone and whose time is up, and all but the newest `most` of those that are gone.
    ///
    /// - Returns: how many.
    package static func forget(_ connection: DatabaseConnection, most: Int) throws(DatabaseError) -> Int {
        try connection.query(
            """
            DELETE FROM deblur_jobs WHERE id IN (
                SELECT id FROM deblur_jobs WHERE is_gone AND (expires_at < now() OR number <= (
                    SELECT number FROM deblur_jobs WHERE is_gone ORDER BY number DESC OFFSET $1 LIMIT 1))
                LIMIT 1000 FOR UPDATE SKIP LOCKED)
            """, [.init(most)]
        ).changed
    }
}
#endif
