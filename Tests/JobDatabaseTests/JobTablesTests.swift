#if PostgreSQL
import Foundation
import JobDatabase
import PostgreSQL
import PostgreSQLSupport
import Synchronization
import Testing

@Suite(.serialized, .enabled(if: PostgresServer.programs != nil, "PostgreSQL's server is not installed"))
struct JobTablesTests {
    /// A server with the tables.
    static func make() throws -> (server: PostgresServer, connection: DatabaseConnection) {
        let server = try PostgresServer()
        let connection = try DatabaseConnection(server.settings())
        _ = try Schema.migrate(connection)
        return (server, connection)
    }

    static func accept(
        _ connection: DatabaseConnection, _ id: String, client: String = "a", photo: [UInt8] = [1, 2, 3], limits: JobTables.Limits = .init()
    ) throws {
        let job = AcceptedJob(
            id: id, client: client, record: "{\"id\":\"\(id)\"}", bytes: 10, memory: photo.count, tiles: 3, event: "{}")
        try JobTables.accept(connection, job, photo: photo, limits: limits)
    }

    static func events(_ first: Int, _ names: String...) -> [StoredEvent] {
        names.enumerated().map { StoredEvent(number: first + $0.offset, name: $0.element, data: "{}") }
    }

    @Test func severalMigrateAtOnce() throws {
        let server = try PostgresServer()
        let settings = try server.settings()
        #expect(throws: SchemaError.older(found: 0, known: Schema.version)) { try Schema.check(DatabaseConnection(settings)) }
        let steps = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            guard let step = try? Schema.migrate(DatabaseConnection(settings)) else { return }
            steps.withLock { $0.append(step.from) }
        }
        #expect(steps.withLock { $0.sorted() } == [0] + Array(repeating: Schema.version, count: 5))
        let connection = try DatabaseConnection(settings)
        try Schema.check(connection)
        try connection.execute("UPDATE deblur_schema SET version = version + 1")
        #expect(throws: SchemaError.newer(found: Schema.version + 1, known: Schema.version)) { try Schema.check(connection) }
        #expect(throws: SchemaError.newer(found: Schema.version + 1, known: Schema.version)) { try Schema.migrate(connection) }
    }

    @Test func aJobFromEndToEnd() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        let photo = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try Self.accept(connection, "one", photo: photo)
        #expect(throws: StoreRefusal.exists) { try Self.accept(connection, "one") }
        var found = try #require(try JobTables.find(connection, "one"))
        #expect((found.state, found.client, found.tries, found.events) == ("queued", "a", 0, 1))
        #expect(try JobTables.bytes(connection, .photo, of: "one") == photo)
        let (job, lease) = try #require(try JobTables.claim(connection, holder: "r1", seconds: 30))
        #expect((job.id, job.state, job.tries) == ("one", "running", 1))
        #expect(try JobTables.claim(connection, holder: "r2", seconds: 30) == nil)
        #expect(try JobTables.append(connection, Self.events(2, "started", "tile"), lease))
        let result = Array(photo.reversed())
        #expect(
            try JobTables.finish(
                connection, lease, state: "succeeded", record: "{}", files: [(.result, result), (.preview, [9])],
                event: ("succeeded", "{}"), seconds: 60))
        #expect(try JobTables.bytes(connection, .result, of: "one") == result)
        #expect(try JobTables.bytes(connection, .photo, of: "one") == [])
        #expect(
            try JobTables.slice(connection, .result, of: "one", at: 1_048_570, count: 1_048_590) == Array(result[1_048_570..<2_097_160]))
        #expect(try JobTables.slice(connection, .result, of: "one", at: result.count - 5, count: 6) == nil)
        #expect(try JobTables.events(connection, of: "one", after: 1).map(\.name) == ["started", "tile", "succeeded"])
        #expect(try JobTables.events(connection, of: "one", after: 3).map(\.number) == [4])
        // The lease is spent.
        #expect(try !JobTables.append(connection, Self.events(5, "tile"), lease))
        #expect(try !JobTables.renew(connection, lease, seconds: 30))
        #expect(try !JobTables.finish(connection, lease, state: "failed", record: "", files: [], event: ("failed", ""), seconds: 1))
        #expect(try JobTables.expire(connection, "one", record: "gone", seconds: 60))
        #expect(try !JobTables.expire(connection, "one", record: "gone", seconds: 60))
        found = try #require(try JobTables.find(connection, "one"))
        #expect((found.isGone, found.record, found.state) == (true, "gone", "succeeded"))
        #expect(
            try connection.query("SELECT (SELECT count(*) FROM deblur_pieces) + (SELECT count(*) FROM deblur_events)")[0].integer(0) == 0)
    }

    @Test func aLostLeaseWritesNothing() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        try Self.accept(connection, "one")
        let slow = try #require(try JobTables.claim(connection, holder: "slow", seconds: 0.2)).lease
        #expect(try JobTables.requeueLost(connection) == 0)
        usleep(300_000)
        #expect(try JobTables.requeueLost(connection) == 1)
        let (again, fast) = try #require(try JobTables.claim(connection, holder: "fast", seconds: 30))
        #expect(again.tries == 2)
        #expect(try !JobTables.renew(connection, slow, seconds: 30))
        #expect(try !JobTables.append(connection, Self.events(2, "started"), slow))
        #expect(
            try !JobTables.finish(
                connection, slow, state: "succeeded", record: "slow", files: [(.result, [1])], event: ("succeeded", "slow"), seconds: 9))
        #expect(
            try JobTables.finish(
                connection, fast, state: "succeeded", record: "fast", files: [(.result, [2])], event: ("succeeded", "fast"), seconds: 9))
        try JobTables.release(connection, slow)
        #expect(try JobTables.find(connection, "one")?.record == "fast")
        #expect(try JobTables.bytes(connection, .result, of: "one") == [2])
        #expect(try JobTables.events(connection, of: "one", after: 0).map(\.data) == ["{}", "fast"])
    }

    @Test func releasedJobsHaveNotBeenTried() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        for id in ["one", "two"] { try Self.accept(connection, id) }
        let first = try #require(try JobTables.claim(connection, holder: "r", seconds: 30)).lease
        try JobTables.release(connection, first)
        let next = try #require(try JobTables.claim(connection, holder: "r", seconds: 30))
        #expect((next.job.id, next.job.tries) == ("one", 1))
        // One that was begun and not ended comes behind the others.
        try connection.execute("UPDATE deblur_jobs SET leased_until = now() - interval '1 second' WHERE id = 'one'")
        #expect(try JobTables.requeueLost(connection) == 1)
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30)?.job.id == "two")
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30)?.job.id == "one")
    }

    @Test func aJobDoneAgainKeepsTheEventsThatWereSent() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        try Self.accept(connection, "one")
        let first = try #require(try JobTables.claim(connection, holder: "r", seconds: -1)).lease
        #expect(try JobTables.append(connection, [StoredEvent(number: 2, name: "started", data: "first")], first))
        _ = try JobTables.requeueLost(connection)
        let second = try #require(try JobTables.claim(connection, holder: "r", seconds: 30)).lease
        #expect(
            try JobTables.append(
                connection,
                [StoredEvent(number: 2, name: "started", data: "second"), StoredEvent(number: 3, name: "tile", data: "second")], second))
        #expect(try JobTables.events(connection, of: "one", after: 1).map(\.data) == ["first", "second"])
    }

    @Test func claimsRespectWhatThereIsRoomFor() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        try Self.accept(connection, "large", photo: [1, 2, 3, 4, 5])
        try Self.accept(connection, "small", client: "b", photo: [1])
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30, memory: 2)?.job.id == "small")
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30, memory: 2) == nil)
        try connection.execute("UPDATE deblur_jobs SET tries = 1 WHERE id = 'large'")
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30, untried: true) == nil)
        #expect(try JobTables.claim(connection, holder: "r", seconds: 30)?.job.id == "large")
    }

    @Test func clientsTakeTurns() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        for number in 1...4 { try Self.accept(connection, "a\(number)", client: "a") }
        for number in 1...2 { try Self.accept(connection, "b\(number)", client: "b") }
        try Self.accept(connection, "c1", client: "c")
        var order: [String] = []
        while let next = try JobTables.claim(connection, holder: "r", seconds: 30) { order.append(next.job.id) }
        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
    }

    @Test func manyReplicasTakeEachJobOnce() throws {
        let (server, connection) = try Self.make()
        for number in 0..<300 { try Self.accept(connection, "j\(number)", client: "c\(number % 7)") }
        let taken = Mutex<[String]>([])
        let settings = try server.settings()
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            guard let own = try? DatabaseConnection(settings) else { return }
            while let next = try? JobTables.claim(own, holder: "r", seconds: 60) {
                taken.withLock { $0.append(next.job.id) }
                _ = try? JobTables.finish(own, next.lease, state: "succeeded", record: "", files: [], event: ("succeeded", ""), seconds: 9)
            }
        }
        // A claim may find nothing where others hold every client's first job at that moment; no job may be left all the same.
        while let next = try JobTables.claim(connection, holder: "r", seconds: 60) { taken.withLock { $0.append(next.job.id) } }
        #expect(taken.withLock { $0.count } == 300)
        #expect(taken.withLock { Set($0).count } == 300)
    }

    @Test func limitsHold() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        let limits = JobTables.Limits(bytes: 35, jobsOfClient: 2)
        try Self.accept(connection, "a1", limits: limits)
        try Self.accept(connection, "a2", limits: limits)
        #expect(throws: StoreRefusal.jobs(limit: 2, actual: 3)) { try Self.accept(connection, "a3", limits: limits) }
        try Self.accept(connection, "b1", client: "b", limits: limits)
        #expect(throws: StoreRefusal.bytes(limit: 35, actual: 40)) { try Self.accept(connection, "b2", client: "b", limits: limits) }
        #expect(try JobTables.cancel(connection, "a1", record: "", event: ("cancelled", ""), seconds: 60))
        #expect(try !JobTables.cancel(connection, "a1", record: "", event: ("cancelled", ""), seconds: 60))
        #expect(try JobTables.expire(connection, "a1", record: "", seconds: 60))
        try Self.accept(connection, "b2", client: "b", limits: limits)
        #expect(try JobTables.counts(connection) == ["queued": 3])
    }

    /// Many at once, through several connections; what is cancelled does not count.
    @Test func anExactLimitHoldsForJobsThatComeAtOnce() throws {
        let (server, connection) = try Self.make()
        let settings = try server.settings()
        let limits = JobTables.Limits(jobsOfClient: 10, isExact: true)
        let refused = Mutex<[StoreRefusal]>([])
        DispatchQueue.concurrentPerform(iterations: 24) { number in
            do { try Self.accept(DatabaseConnection(settings), "j\(number)", limits: limits) } catch {
                refused.withLock { $0.append(error as? StoreRefusal ?? .exists) }
            }
        }
        #expect(try JobTables.counts(connection) == ["queued": 10])
        #expect(refused.withLock { $0.count } == 14)
        #expect(refused.withLock { $0.allSatisfy { if case .jobs(10, 11...) = $0 { true } else { false } } })
        let kept = try JobTables.list(connection, clients: ["a"], state: nil, before: nil, limit: 1)[0].id
        #expect(try JobTables.cancel(connection, kept, record: "", event: ("cancelled", ""), seconds: 60))
        try Self.accept(connection, "another", limits: limits)
        #expect(throws: StoreRefusal.jobs(limit: 10, actual: 11)) { try Self.accept(connection, "more", limits: limits) }
    }

    @Test func listsComeInPages() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        for number in 0..<5 { try Self.accept(connection, "a\(number)") }
        try Self.accept(connection, "b0", client: "b")
        let first = try JobTables.list(connection, clients: ["a"], state: nil, before: nil, limit: 2)
        #expect(first.map(\.id) == ["a4", "a3"])
        #expect(
            try JobTables.list(connection, clients: ["a"], state: nil, before: first[1].number, limit: 9).map(\.id) == ["a2", "a1", "a0"])
        _ = try JobTables.cancel(connection, "a1", record: "", event: ("cancelled", ""), seconds: 60)
        #expect(try JobTables.list(connection, clients: ["a"], state: "cancelled", before: nil, limit: 9).map(\.id) == ["a1"])
        #expect(try JobTables.list(connection, clients: ["b"], state: nil, before: nil, limit: 9).map(\.id) == ["b0"])
        let last = try #require(try JobTables.find(connection, "b0"))
        #expect(try JobTables.waiting(connection, before: last.number) == (4, 3))
        // Of several clients in one list; where each waits, of all that wait.
        let all = try JobTables.list(connection, clients: ["b", "a"], state: nil, before: nil, limit: 9)
        #expect(all.map(\.id) == ["b0", "a4", "a3", "a2", "a1", "a0"])
        let ahead = try JobTables.ahead(connection, of: all.prefix(3).map(\.number))
        #expect(ahead == [all[0].number: 4, all[1].number: 3, all[2].number: 2])
        #expect(try JobTables.find(connection, "b0", of: ["a", "b"]) == last)
        #expect(try JobTables.find(connection, "b0", of: ["a"]) == nil)
    }

    @Test func whatIsDueIsFoundAndForgotten() throws {
        let (server, connection) = try Self.make()
        defer { withExtendedLifetime(server) {} }
        for number in 0..<6 {
            try Self.accept(connection, "j\(number)")
            _ = try JobTables.cancel(
                connection, "j\(number)", record: "cancelled", event: ("cancelled", ""), seconds: number < 4 ? Double(number - 10) : 60)
        }
        // Three at most, then the one that is left; a record that nobody can read stays.
        var expired: [String] = []
        for expected in [3, 1, 0] {
            let count = try JobTables.expireDue(connection, limit: 3, seconds: 60) { job in
                expired.append(job.id)
                return job.id == "j3" ? nil : "gone"
            }
            #expect(count == expected)
        }
        #expect(expired == ["j0", "j1", "j2", "j3"])
        #expect(try JobTables.find(connection, "j2")?.record == "gone")
        #expect(try JobTables.find(connection, "j3")?.record == "cancelled")
        #expect(try JobTables.find(connection, "j3")?.isGone == true)
        #expect(try connection.query("SELECT count(*) FROM deblur_events")[0].integer(0) == 4)
        try connection.execute("UPDATE deblur_jobs SET expires_at = now() - interval '1 second' WHERE id = 'j0'")
        // One whose time is up, and the two oldest of the others.
        #expect(try JobTables.forget(connection, most: 3) == 3)
        #expect(try JobTables.find(connection, "j2") == nil)
        #expect(try JobTables.find(connection, "j3") != nil)
        #expect(try JobTables.find(connection, "j5") != nil)
    }

    @Test func listenersHearOfJobs() throws {
        let (server, connection) = try Self.make()
        let heard = Mutex<[String]>([])
        let listening = DispatchSemaphore(value: 0)
        let listener = DatabaseListener(try server.settings(), channels: [JobTables.channel]) { event in
            switch event {
            case .connected: listening.signal()
            case .notified(let news): heard.withLock { $0.append(news.payload) }
            case .lost: break
            }
        }
        defer { listener.stop() }
        listening.wait()
        try Self.accept(connection, "one")
        let lease = try #require(try JobTables.claim(connection, holder: "r", seconds: 30)).lease
        _ = try JobTables.append(connection, Self.events(2, "tile"), lease)
        _ = try JobTables.cancel(connection, "one", record: "", event: ("cancelled", ""), seconds: 60)
        let end = ContinuousClock.now + .seconds(10)
        while heard.withLock({ $0.count }) < 3, .now < end { usleep(10_000) }
        #expect(heard.withLock { $0 } == ["queue", "event one", "end one"])
    }
}
#endif
