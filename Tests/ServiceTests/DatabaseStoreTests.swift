#if PostgreSQL
import Foundation
import PostgreSQL
import Testing

/// What only a database does to the service: others change its rows at the same moment, and it runs out of room by itself.
@Suite(.enabled(if: JobStore.here.contains(.database))) struct DatabaseStoreTests {
    /// A service with a job at work, held at the gate.
    private struct Busy {
        let home: JobHome
        let gate = Gate(isOpen: true)
        let rig: Rig
        let id: String

        init() throws {
            home = try JobHome(.database)
            rig = try Rig(home.flags, network: FakeNetwork(gate: gate))
            gate.close()
            id = try rig.postJob(Pictures.png(70, 40))
            #expect(gate.waitForSomebody())
            #expect(try rig.wait(for: "running", of: id))
        }
    }

    /// A job succeeds between the look at it and its cancellation: its result goes all the same.
    @Test func aDeletionThatMeetsTheEndOfItsJobRemovesTheResult() throws {
        let busy = try Busy()
        let (home, rig, id) = (busy.home, busy.rig, busy.id)
        let worker = try home.connection()
        try worker.execute("BEGIN")
        try worker.execute(
            """
            UPDATE deblur_jobs SET state = 'succeeded', lease = NULL, holder = NULL, leased_until = NULL,
                record = replace(record, '"state":"running"', '"state":"succeeded"'), expires_at = now() + interval '1 hour'
            WHERE id = '\(id)'
            """)
        let client = try rig.client()
        client.get("/jobs/\(id)", method: "DELETE")
        let watcher = try home.connection()
        let isWaiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        #expect(try rig.eventually { try watcher.query(isWaiting)[0].integer(0) > 0 })
        try worker.execute("COMMIT")

        #expect(try client.answer().status == 204)
        #expect(try rig.get("/jobs/\(id)/result").status == 410)
        #expect(try watcher.query("SELECT count(*) FROM deblur_pieces")[0].integer(0) == 0)
        busy.gate.open()
    }

    /// The database is silent while a photo is read: that says nothing about the photo, and the job is done later.
    @Test func aJobWhosePhotoCannotBeReadForAWhileWaits() throws {
        let home = try JobHome(.database)
        let gate = Gate(isOpen: true)
        let rig = try Rig(home.flags, network: FakeNetwork(gate: gate))
        gate.close()
        let ids = try (0..<6).map { try rig.postJob(Pictures.png(8, 8, seed: UInt64($0))) }
        #expect(try rig.eventually { try ids.count { try rig.state($0) == "running" } == 4 })
        let other = try home.connection()
        try other.execute("BEGIN; LOCK TABLE deblur_pieces IN ACCESS EXCLUSIVE MODE")
        gate.open()
        // A statement has ten seconds.
        let failures = "deblur_spool_errors_total{operation=\"read\"}"
        let hasFailed = { try rig.metric(failures) ?? 0 > 0 }
        #expect(try rig.eventually(hasFailed) || rig.eventually(hasFailed))
        usleep(500_000)
        try other.execute("COMMIT")
        for id in ids {
            #expect(try rig.eventually { try ["succeeded", "failed"].contains(rig.state(id)) })
            #expect(try rig.state(id) == "succeeded")
        }
    }

    /// A reader so slow that the job has expired before it has every event: its stream ends, and it comes back to a 410.
    @Test func theEventsOfAJobThatExpiresMeanwhileEnd() throws {
        let busy = try Busy()
        let (home, rig, id) = (busy.home, busy.rig, busy.id)
        let client = try rig.client()
        client.get("/jobs/\(id)/events")
        _ = try client.streamHead()
        var text: [UInt8] = []
        while Event.parse(text).last?.name != "started" { text += try #require(try client.chunk()) }
        try home.connection().execute(
            """
            BEGIN;
            UPDATE deblur_jobs SET state = 'succeeded', lease = NULL, holder = NULL, leased_until = NULL, is_gone = true, events = events + 7,
                expires_at = now() + interval '1 hour' WHERE id = '\(id)';
            DELETE FROM deblur_events;
            SELECT pg_notify('deblur_jobs', 'end \(id)');
            COMMIT
            """)
        while let chunk = try client.chunk() { text += chunk }
        #expect(Event.parse(text).map(\.name) == ["queued", "started"])
        busy.gate.open()
    }

    /// SQLSTATE 53100 (PostgreSQL, appendix A): disk_full.
    @Test func aFullDiskOfTheDatabaseIsNoRoom() throws {
        let home = try JobHome(.database)
        let rig = try Rig(home.flags)
        try home.connection().execute(
            """
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON deblur_pieces FOR EACH ROW EXECUTE FUNCTION full_disk();
            """)
        let refused = try rig.post("/deblur", Pictures.png(8, 8), headers: ["Prefer: respond-async"])
        #expect(refused.status == 507 && refused.code == "insufficient_storage" && refused.headers["Retry-After"] != nil)
        #expect(try rig.post("/deblur", Pictures.png(8, 8)).status == 200)
        #expect(try (rig.get("/jobs").json["jobs"] as? [Any])?.isEmpty == true)
        try home.connection().execute("DROP TRIGGER full_disk ON deblur_pieces")
        #expect(try rig.wait(for: "succeeded", of: rig.postJob(Pictures.png(8, 8))))
    }
}
#endif
