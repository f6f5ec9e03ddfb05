#if PostgreSQL
import Foundation
import PostgreSQLSupport
import Synchronization
import Testing

import PostgreSQL

/// Against a real server, started here; without an installed PostgreSQL these tests are skipped.
@Suite(.serialized, .enabled(if: PostgresServer.programs != nil, "PostgreSQL's server is not installed"))
struct DatabaseTests {
    @Test func valuesComeBackAsTheyWent() throws {
        let server = try PostgresServer()
        let connection = try DatabaseConnection(server.settings())
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let text = "grüße, 写真 'quoted' \\ \u{1F4F7}"
        let rows = try connection.query(
            "SELECT $1::bigint, $2::bytea, $3::text, $4::boolean, $5::float8, NULL::int, $6::bytea, 7::smallint",
            [.integer(-(1 << 40)), .bytes(bytes), .text(text), true, .double(0.1), .bytes([])])
        #expect(rows.count == 1)
        #expect(try rows[0].integer(0) == -(1 << 40))
        #expect(try rows[0].bytes(1) == bytes)
        #expect(try rows[0].text(2) == text)
        #expect(try rows[0].boolean(3))
        #expect(try rows[0].double(4) == 0.1)
        #expect(try rows[0].optionalInteger(5) == nil)
        #expect(try rows[0].bytes(6) == [])
        #expect(try rows[0].integer(7) == 7)
        #expect(throws: DatabaseError.value("column 5 is null")) { try rows[0].integer(5) }
        #expect(throws: DatabaseError.value("column 2 is no integer")) { try rows[0].integer(2) }
        #expect(throws: DatabaseError.value("there is no column 8")) { try rows[0].text(8) }
    }

    @Test func aRefusalLeavesTheConnectionUsable() throws {
        let server = try PostgresServer()
        let connection = try DatabaseConnection(server.settings())
        #expect { try connection.query("SELECT nonsense") } throws: { error in
            if case DatabaseError.refused("42703", _) = error { true } else { false }
        }
        try connection.execute("CREATE TABLE numbers (n int PRIMARY KEY)")
        #expect(throws: DatabaseError.self) {
            try connection.transaction { () throws(DatabaseError) in
                _ = try connection.query("INSERT INTO numbers VALUES ($1)", [1])
                _ = try connection.query("INSERT INTO numbers VALUES ($1)", [1])
            }
        }
        #expect(!connection.isBroken)
        #expect(try connection.query("SELECT count(*) FROM numbers")[0].integer(0) == 0)
        #expect(try connection.query("INSERT INTO numbers SELECT generate_series(1, 5)").changed == 5)
    }

    @Test func aStatementHasAnEnd() throws {
        let server = try PostgresServer()
        var settings = try server.settings()
        let connection = try DatabaseConnection(settings)
        let began = ContinuousClock.now
        #expect(throws: DatabaseError.timedOut) { try connection.query("SELECT pg_sleep(30)", seconds: 0.3) }
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(connection.isBroken)
        // The server's own bound, with a client that would wait longer.
        settings.statementSeconds = 0.3
        let other = try DatabaseConnection(settings)
        #expect { try other.query("SELECT pg_sleep(30)", seconds: 30) } throws: { error in
            if case DatabaseError.refused("57014", _) = error { true } else { false }
        }
    }

    @Test func passwordsAndNonsenseAreRefused() throws {
        for text in ["host=a password=secret", "postgresql://user:secret@host/name"] {
            #expect { try DatabaseSettings(text) } throws: { !"\($0)".contains("secret") && "\($0)".contains("PGPASSFILE") }
        }
        #expect { try DatabaseSettings("dbname") } throws: { "\($0)".contains("cannot be read") }
        let connection = try DatabaseSettings("host=/nowhere dbname=a")
        #expect { try DatabaseConnection(connection) } throws: { ($0 as? DatabaseError)?.isTransient ?? false }
    }

    @Test func thePoolComesBackAfterARestart() throws {
        let server = try PostgresServer()
        let changes = Mutex<[Bool]>([])
        let pool = DatabasePool(try server.settings(), connections: 2) { failure in changes.withLock { $0.append(failure == nil) } }
        defer { pool.stop() }
        let count: @Sendable (DatabaseConnection) throws -> Int = { try $0.query("SELECT 1 + $1::int", [1])[0].integer(0) }
        #expect(try pool.sync(count) == 2)
        for mode in ["fast", "immediate"] {
            server.stop(mode)
            var refusals = 0
            for _ in 0..<20 {
                let began = ContinuousClock.now
                do { _ = try pool.sync(count) } catch {
                    refusals += 1
                    #expect((error as? DatabaseError)?.isTransient ?? false)
                }
                #expect(ContinuousClock.now - began < .seconds(6))
            }
            #expect(refusals == 20)
            #expect(pool.failure != nil)
            try server.start()
            let end = ContinuousClock.now + .seconds(30)
            while (try? pool.sync(count)) != 2, .now < end { usleep(50_000) }
            #expect(pool.failure == nil)
        }
        #expect(changes.withLock { $0 } == [false, true, false, true])
    }

    @Test func whatWaitsTooLongFails() throws {
        let server = try PostgresServer()
        let pool = DatabasePool(try server.settings(), connections: 1)
        defer { pool.stop() }
        let done = DispatchGroup()
        done.enter()
        pool.perform({ try $0.query("SELECT pg_sleep(2)") }, completion: { _ in done.leave() })
        let began = ContinuousClock.now
        #expect(throws: DatabaseError.timedOut) { try pool.sync(within: 0.3) { _ in 1 } }
        #expect(ContinuousClock.now - began < .seconds(1.7))
        done.wait()
        #expect(try pool.sync { _ in 1 } == 1)
    }

    @Test func anEndCanWaitForWhatWaits() throws {
        let server = try PostgresServer()
        let ended = Mutex<[String]>([])
        for seconds in [5.0, 0] {
            let pool = DatabasePool(try server.settings(), connections: 1)
            pool.perform({ try $0.query("SELECT pg_sleep(0.5)") }, completion: { _ in })
            pool.perform {
                try $0.query("SELECT 1").count
            } completion: { (result: Result<Int, any Error>) in
                guard case .success = result else { return ended.withLock { $0.append("refused") } }
                // What follows from it is done too.
                pool.perform(
                    { try $0.query("SELECT 1").count },
                    completion: { (result: Result<Int, any Error>) in
                        ended.withLock { $0.append((try? result.get()) == 1 ? "done" : "lost") }
                    })
            }
            pool.stop(finishing: seconds)
        }
        #expect(ended.withLock { $0 } == ["done", "refused"])
    }

    @Test func listenersHearAndReconnect() throws {
        let server = try PostgresServer()
        let heard = Mutex<[String]>([])
        let listener = DatabaseListener(try server.settings(), channels: ["news"]) { event in
            heard.withLock {
                switch event {
                case .connected: $0.append("connected")
                case .notified(let news): $0.append(news.payload)
                case .lost: if $0.last != "lost" { $0.append("lost") }
                }
            }
        }
        defer { listener.stop() }
        func wait(_ expected: [String]) {
            let end = ContinuousClock.now + .seconds(30)
            while heard.withLock({ $0 }) != expected, .now < end { usleep(20_000) }
            #expect(heard.withLock { $0 } == expected)
        }
        wait(["connected"])
        try DatabaseConnection(server.settings()).execute("NOTIFY news, 'one'; NOTIFY news, 'two'")
        wait(["connected", "one", "two"])
        server.stop("immediate")
        wait(["connected", "one", "two", "lost"])
        try server.start()
        wait(["connected", "one", "two", "lost", "connected"])
        try DatabaseConnection(server.settings()).execute("NOTIFY news, 'three'")
        wait(["connected", "one", "two", "lost", "connected", "three"])
        // A second end writes to no descriptor that is somebody else's by now.
        listener.stop()
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        listener.stop()
        var arrived = ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        #expect(poll(&arrived, 2, 0) == 0)
        for end in ends { close(end) }
    }
}
#endif
