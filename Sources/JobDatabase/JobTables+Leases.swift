#if PostgreSQL
import PostgreSQL

extension JobTables {
    /// Takes the next job: of the client whose last turn is longest ago the oldest one, those that were begun before behind the others.
    ///
    /// Its try is counted and its lease begins before this returns. Jobs that other programs take at this moment are passed over.
    ///
    /// - Parameters:
    ///   - holder: who asks, for people who look into the table.
    ///   - seconds: until the lease ends, unless it is renewed.
    ///   - memory: only a job that takes no more than so many bytes of it.
    ///   - untried: only one that was never begun.
    /// - Returns: nil when nothing of that kind is queued.
    package static func claim(
        _ connection: DatabaseConnection, holder: String, seconds: Double, memory: Int = .max, untried: Bool = false
    ) throws(DatabaseError) -> (job: StoredJob, lease: Lease)? {
        // The clients with queued jobs, found by hops over the index and not by reading every job.
        let clients = try connection.query(
            """
            WITH RECURSIVE waiting AS (
                (SELECT client FROM deblur_jobs WHERE state = 'queued' ORDER BY client LIMIT 1)
                UNION ALL
                SELECT (SELECT client FROM deblur_jobs WHERE state = 'queued' AND client > waiting.client ORDER BY client LIMIT 1)
                FROM waiting WHERE waiting.client IS NOT NULL
            )
            SELECT client FROM waiting LEFT JOIN deblur_turns USING (client) WHERE client IS NOT NULL
            ORDER BY turn NULLS FIRST, client LIMIT 16
            """)
        for client in clients {
            let name = try client.text(0)
            let taken = try connection.transaction { () throws(DatabaseError) -> (StoredJob, Lease)? in
                let rows = try connection.query(
                    """
                    UPDATE deblur_jobs SET state = 'running', tries = tries + 1, lease = nextval('deblur_leases'), holder = $2,
                        leased_until = now() + make_interval(secs => $3)
                    WHERE id = (
                        SELECT id FROM deblur_jobs
                        WHERE state = 'queued' AND client = $1 AND memory <= $4 AND (tries = 0 OR NOT $5)
                        ORDER BY tries, number LIMIT 1 FOR UPDATE SKIP LOCKED)
                    RETURNING \(StoredJob.columns), lease
                    """, [.text(name), .text(holder), .double(seconds), .init(memory), .boolean(untried)])
                guard let row = rows.first else { return nil }
                _ = try connection.query(
                    """
                    INSERT INTO deblur_turns (client, turn) VALUES ($1, $2)
                    ON CONFLICT (client) DO UPDATE SET turn = greatest(deblur_turns.turn, excluded.turn)
                    """, [.text(name), .init(try row.integer(8))])
                return (try StoredJob(row), Lease(job: try row.text(0), token: try row.integer(8)))
            }
            if let taken { return taken }
        }
        return nil
    }

    /// Puts back into the queue what nobody renews any more: its replica is dead, or cut off.
    ///
    /// - Returns: how many.
    package static func requeueLost(_ connection: DatabaseConnection) throws(DatabaseError) -> Int {
        try connection.transaction { () throws(DatabaseError) in
            let count = try connection.query(
                """
                UPDATE deblur_jobs SET state = 'queued', lease = NULL, holder = NULL, leased_until = NULL
                WHERE id IN (SELECT id FROM deblur_jobs WHERE state = 'running' AND leased_until < now() FOR UPDATE SKIP LOCKED)
                """
            ).changed
            if count > 0 { try notify(connection, "queue") }
            return count
        }
    }

    /// - Returns: false when the lease is lost: the job was cancelled, or another replica has it. What is being done is for nothing.
    package static func renew(_ connection: DatabaseConnection, _ lease: Lease, seconds: Double) throws(DatabaseError) -> Bool {
        try connection.query(
            "UPDATE deblur_jobs SET leased_until = now() + make_interval(secs => $3) WHERE id = $1 AND lease = $2",
            [.text(lease.job), .init(lease.token), .double(seconds)]
        ).changed == 1
    }

    /// Gives a job back that was not done for a reason that is not its own: the process is to end. Its try does not count.
    package static func release(_ connection: DatabaseConnection, _ lease: Lease) throws(DatabaseError) {
        try connection.transaction { () throws(DatabaseError) in
            let count = try connection.query(
                """
                UPDATE deblur_jobs SET state = 'queued', tries = greatest(tries - 1, 0), lease = NULL, holder = NULL,
                    leased_until = NULL WHERE id = $1 AND lease = $2
                """, [.text(lease.job), .init(lease.token)]
            ).changed
            if count > 0 { try notify(connection, "queue") }
        }
    }

    /// Adds events to a job that is being done, and tells every listener.
    ///
    /// - Parameter record: replaces the job's; nil: it stays.
    /// - Returns: false when the lease is lost, and then nothing was written.
    package static func append(
        _ connection: DatabaseConnection, _ events: [StoredEvent], _ lease: Lease, record: String? = nil
    ) throws(DatabaseError) -> Bool {
        try connection.transaction { () throws(DatabaseError) in
            let count = try connection.query(
                """
                UPDATE deblur_jobs SET events = greatest(events, $3), record = coalesce($4, record) WHERE id = $1 AND lease = $2
                """, [.text(lease.job), .init(lease.token), .init(events.last?.number ?? 0), .init(record)]
            ).changed
            guard count == 1 else { return false }
            try insert(connection, events, of: lease.job)
            try notify(connection, "event \(lease.job)")
            return true
        }
    }

    /// Ends a job that this lease has: its result, its record and its last event become visible together.
    ///
    /// - Parameters:
    ///   - state: succeeded or failed.
    ///   - files: what is kept; the photo goes.
    ///   - seconds: until the result expires.
    /// - Returns: false when the lease is lost, and then nothing was written.
    package static func finish(
        _ connection: DatabaseConnection, _ lease: Lease, state: String, record: String, files: [(StoredKind, [UInt8])],
        event: (name: String, data: String), seconds: Double
    ) throws(DatabaseError) -> Bool {
        let bytes = files.reduce(0) { $0 + $1.1.count }
        return try connection.transaction { () throws(DatabaseError) in
            let rows = try connection.query(
                """
                UPDATE deblur_jobs SET state = $3, record = $4, bytes = $5, events = events + 1, lease = NULL, holder = NULL,
                    leased_until = NULL, expires_at = now() + make_interval(secs => $6)
                WHERE id = $1 AND lease = $2 RETURNING events
                """,
                [
                    .text(lease.job), .init(lease.token), .text(state), .text(record), .init(bytes), .double(seconds),
                ])
            guard let last = try rows.first?.integer(0) else { return false }
            _ = try connection.query("DELETE FROM deblur_pieces WHERE job = $1", [.text(lease.job)])
            for (kind, bytes) in files { try write(connection, kind, bytes, of: lease.job) }
            try insert(connection, [StoredEvent(number: last, name: event.name, data: event.data)], of: lease.job)
            try notify(connection, "end \(lease.job)")
            return true
        }
    }

    /// Cancels a job that has not ended. Whoever does it learns of it by the notification, or from ``renew(_:_:seconds:)``.
    ///
    /// - Returns: false when it had ended, or is not there.
    package static func cancel(
        _ connection: DatabaseConnection, _ id: String, record: String, event: (name: String, data: String), seconds: Double
    ) throws(DatabaseError) -> Bool {
        try connection.transaction { () throws(DatabaseError) in
            let rows = try connection.query(
                """
                UPDATE deblur_jobs SET state = 'cancelled', record = $2, bytes = 0, events = events + 1, lease = NULL, holder = NULL,
                    leased_until = NULL, expires_at = now() + make_interval(secs => $3)
                WHERE id = $1 AND state IN ('queued', 'running') RETURNING events
                """, [.text(id), .text(record), .double(seconds)])
            guard let last = try rows.first?.integer(0) else { return false }
            _ = try connection.query("DELETE FROM deblur_pieces WHERE job = $1", [.text(id)])
            try insert(connection, [StoredEvent(number: last, name: event.name, data: event.data)], of: id)
            try notify(connection, "end \(id)")
            return true
        }
    }
}
#endif
