#if PostgreSQL
import PostgreSQL

/// The tables that jobs are kept in, by version. A database is brought from any version to the newest; never back.
package enum Schema {
    /// Of this program's tables.
    package static var version: Int { scripts.count }

    /// Script i makes version i + 1 from version i.
    private static let scripts = [
        """
        -- A row for each job, from its acceptance until nobody needs to be told any more that it is gone.
        CREATE TABLE deblur_jobs (
            id           text COLLATE "C" PRIMARY KEY,
            -- In the order in which they came.
            number       bigint GENERATED ALWAYS AS IDENTITY,
            client       text COLLATE "C" NOT NULL,
            state        text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
            -- What the program knows of the job, as it writes it.
            record       text NOT NULL,
            -- What its pieces take, or may take once it is done.
            bytes        bigint NOT NULL,
            -- What working on it takes: bytes of memory, tiles.
            memory       bigint NOT NULL,
            tiles        integer NOT NULL,
            -- How often it was begun and not ended by anybody's wish.
            tries        integer NOT NULL DEFAULT 0,
            -- Of the last event.
            events       integer NOT NULL DEFAULT 0,
            -- While it runs: a number that no other beginning has, who has it, and until when.
            lease        bigint,
            holder       text,
            leased_until timestamptz,
            -- When the result goes; afterwards, when the row goes.
            expires_at   timestamptz,
            is_gone      boolean NOT NULL DEFAULT false,
            CHECK ((state = 'running') = (lease IS NOT NULL))
        ) WITH (fillfactor = 70);
        CREATE SEQUENCE deblur_leases;
        CREATE INDEX deblur_jobs_queued ON deblur_jobs (client, tries, number) WHERE state = 'queued';
        CREATE INDEX deblur_jobs_running ON deblur_jobs (leased_until) WHERE state = 'running';
        CREATE INDEX deblur_jobs_of_client ON deblur_jobs (client, number DESC);
        CREATE INDEX deblur_jobs_kept ON deblur_jobs (client) INCLUDE (bytes) WHERE NOT is_gone;
        CREATE INDEX deblur_jobs_ended ON deblur_jobs (expires_at) WHERE expires_at IS NOT NULL;

        -- Photos, results and previews, cut into pieces. JPEG and PNG do not shrink: nothing tries.
        CREATE TABLE deblur_pieces (
            job   text COLLATE "C" NOT NULL REFERENCES deblur_jobs ON DELETE CASCADE,
            kind  text COLLATE "C" NOT NULL CHECK (kind IN ('photo', 'result', 'preview')),
            piece integer NOT NULL,
            bytes bytea NOT NULL,
            PRIMARY KEY (job, kind, piece)
        );
        ALTER TABLE deblur_pieces ALTER bytes SET STORAGE EXTERNAL;

        -- What event streams send.
        CREATE TABLE deblur_events (
            job    text COLLATE "C" NOT NULL REFERENCES deblur_jobs ON DELETE CASCADE,
            number integer NOT NULL,
            name   text NOT NULL,
            data   text NOT NULL,
            PRIMARY KEY (job, number)
        );

        -- Whose turn was when: the client whose last one is longest ago comes next.
        CREATE TABLE deblur_turns (
            client text COLLATE "C" PRIMARY KEY,
            turn   bigint NOT NULL
        );
        """
    ]

    /// Only one migration at a time: a number that nothing else locks.
    private static let lock: Int64 = 0x6465_626c_7572

    /// Makes or upgrades the tables. Safe to run again, and from several programs at once.
    ///
    /// - Returns: the versions before and after.
    /// - Throws: ``DatabaseError``, ``SchemaError/newer(found:known:)``.
    package static func migrate(_ connection: DatabaseConnection) throws -> (from: Int, to: Int) {
        try connection.execute("BEGIN")
        do {
            // Held until the end of the transaction. A migration beside this one may take a while.
            try connection.execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '60s'")
            _ = try connection.query("SELECT pg_advisory_xact_lock($1)", [.integer(lock)], seconds: 65)
            let found = try currentVersion(connection) ?? 0
            guard found <= version else { throw SchemaError.newer(found: found, known: version) }
            if found == 0 { try connection.execute("CREATE TABLE IF NOT EXISTS deblur_schema (version integer NOT NULL)") }
            for script in scripts[found...] { try connection.execute(script, seconds: 300) }
            if found < version {
                try connection.execute("DELETE FROM deblur_schema; INSERT INTO deblur_schema VALUES (\(version))")
            }
            try connection.execute("COMMIT")
            return (found, version)
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// - Throws: ``SchemaError`` where the tables are not those of this program.
    package static func check(_ connection: DatabaseConnection) throws {
        let found = try currentVersion(connection) ?? 0
        if found < version { throw SchemaError.older(found: found, known: version) }
        if found > version { throw SchemaError.newer(found: found, known: version) }
    }

    /// - Returns: nil where there are no tables.
    private static func currentVersion(_ connection: DatabaseConnection) throws -> Int? {
        // Asked by name first: a statement that fails would end the transaction.
        guard try connection.query("SELECT to_regclass('deblur_schema') IS NOT NULL")[0].boolean(0) else { return nil }
        return try connection.query("SELECT max(version) FROM deblur_schema")[0].optionalInteger(0)
    }
}

/// The database's tables are not those that this program knows.
package enum SchemaError: Error, Equatable, CustomStringConvertible {
    case older(found: Int, known: Int)
    case newer(found: Int, known: Int)

    package var description: String {
        switch self {
        case .older(0, _): "the database has no tables for jobs yet: run `deblur migrate`, or start with --migrate"
        case .older(let found, let known):
            "the database has version \(found) of the tables, this program needs \(known): run `deblur migrate`"
        case .newer(let found, let known):
            "the database has version \(found) of the tables, this program knows \(known): a newer release made them"
        }
    }
}
#endif
