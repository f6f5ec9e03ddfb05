import Foundation
import Service
import TestSupport
import Testing

/// Keys that own their jobs, and what their lines in the key file say.
@Suite struct TenantTests {
    /// A key file that can be written anew, and a state folder beside it.
    private struct Office {
        let folder: StateFolder
        var file: String { "\(folder.path)/keys" }

        init(_ lines: String...) throws {
            folder = try StateFolder()
            try write(lines.joined(separator: "\n"))
        }

        func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }

        func rig(_ flags: [String: String] = [:], gate: Gate = Gate(isOpen: true)) throws -> Rig {
            try Rig(
                ["api-key-file": file, "state-dir": "\(folder.path)/state", "threads": "1"].merging(flags) { $1 },
                network: FakeNetwork(gate: gate))
        }
    }

    private func bearer(_ key: String) -> String { "Authorization: Bearer \(key)" }

    private func post(_ rig: Rig, _ key: String, _ photo: [UInt8]? = nil) throws -> Client.Answer {
        try rig.post("/deblur", photo ?? Pictures.png(40, 40), headers: ["Prefer: respond-async", bearer(key)])
    }

    /// With ``oneAtATime`` no two of these are in work together.
    private static let megapixel = Result { try Pictures.png(1000, 1000) }
    private static let oneAtATime = ["max-body": "2MiB", "memory-budget": "20MiB"]

    private func job(_ rig: Rig, _ key: String, _ photo: [UInt8]? = nil) throws -> String {
        let answer = try post(rig, key, photo)
        guard answer.status == 202, let id = answer.json["id"] as? String else {
            throw TestSupportError("\(answer.status): \(answer.text)")
        }
        return id
    }

    private func list(_ rig: Rig, _ key: String, _ query: String = "") throws -> [String] {
        let answer = try rig.get("/jobs\(query)", headers: [bearer(key)])
        guard answer.status == 200 else { throw TestSupportError("\(answer.status): \(answer.text)") }
        return (answer.json["jobs"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
    }

    private func metric(_ rig: Rig, _ key: String, _ name: String) throws -> Double? {
        try rig.get("/metrics", headers: [bearer(key)]).text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    private func done(_ rig: Rig, _ key: String, _ id: String) throws -> Bool {
        try rig.eventually { try rig.get("/jobs/\(id)", headers: [bearer(key)]).json["state"] as? String == "succeeded" }
    }

    /// Every way to ask for a job: waiting, running, done, deleted. What another key is told is what it is told of a job that never was.
    @Test func anotherKeyGets404() throws {
        let office = try Office("alice: one", "two")
        let gate = Gate(isOpen: true)
        let rig = try office.rig(Self.oneAtATime, gate: gate)
        let photo = try Self.megapixel.get()
        let finished = try job(rig, "one")
        #expect(try done(rig, "one", finished))
        gate.close()
        let running = try job(rig, "one", photo)
        #expect(gate.waitForSomebody())
        let waiting = try job(rig, "one", photo)
        let unknown = String(repeating: "0", count: 32)
        for id in [finished, running, waiting] {
            for (path, method) in [("", "GET"), ("/events", "GET"), ("/result", "GET"), ("/exits", "GET"), ("", "HEAD"), ("", "DELETE")] {
                let request = ["X-Request-Id: same", "Accept: application/json", bearer("two")]
                let answer = try rig.get("/jobs/\(id)\(path)", method: method, headers: request)
                let never = try rig.get("/jobs/\(unknown)\(path)", method: method, headers: request)
                #expect(answer.status == 404 && answer.text == never.text, "\(method) \(path): \(answer)")
                #expect(answer.headers.fields.map(\.name) == never.headers.fields.map(\.name))
            }
            let map = try rig.get("/jobs/\(id)/exits", headers: ["Accept: image/png", bearer("two")])
            #expect(map.status == 404)
        }
        #expect(try list(rig, "two") == [])
        #expect(try list(rig, "one") == [waiting, running, finished])
        gate.open()
        // Nothing that the other key did has stopped anything.
        for id in [running, waiting] { #expect(try done(rig, "one", id)) }
        #expect(try rig.get("/jobs/\(finished)", method: "DELETE", headers: [bearer("one")]).status == 204)
        #expect(try rig.get("/jobs/\(finished)", headers: [bearer("one")]).status == 410)
        #expect(try rig.get("/jobs/\(finished)", headers: [bearer("two")]).status == 404)
        #expect(try list(rig, "one") == [waiting, running])
    }

    @Test func listsComeInPages() throws {
        let office = try Office("alice: one", "bob: two")
        let gate = Gate(isOpen: true)
        let rig = try office.rig(Self.oneAtATime, gate: gate)
        gate.close()
        var ids: [String] = []
        for index in 0..<7 {
            ids.append(try job(rig, "one", Self.megapixel.get()))
            if index.isMultiple(of: 2) { _ = try job(rig, "two", Self.megapixel.get()) }
        }
        #expect(gate.waitForSomebody())
        var pages: [[String]] = []
        var query = "?limit=3"
        while pages.count < 9 {
            let answer = try rig.get("/jobs\(query)", headers: [bearer("one")])
            #expect(answer.json.keys.sorted() == ["jobs", "next"])
            pages.append((answer.json["jobs"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String })
            guard let next = answer.json["next"] as? String else { break }
            query = "?limit=3&after=\(next)"
        }
        #expect(pages == [[ids[6], ids[5], ids[4]], [ids[3], ids[2], ids[1]], [ids[0]]])
        // As each of them is told of itself.
        let jobs = try rig.get("/jobs", headers: [bearer("one")]).json["jobs"] as? [[String: Any]] ?? []
        for job in jobs {
            var (listed, alone) = (job, try rig.get("/jobs/\(job["id"] ?? "")", headers: [bearer("one")]).json)
            // By the time that has passed between.
            (listed["eta_seconds"], alone["eta_seconds"]) = (nil, nil)
            #expect(listed.count == 11 && listed as NSDictionary == alone as NSDictionary)
        }
        #expect(jobs.compactMap { $0["position"] as? Int } == [9, 8, 7, 5, 3, 1])
        #expect(try list(rig, "one", "?state=running") == [ids[0]])
        #expect(try rig.get("/jobs/\(ids[3])", method: "DELETE", headers: [bearer("one")]).status == 204)
        #expect(try list(rig, "one", "?state=cancelled") == [ids[3]])
        #expect(try list(rig, "one", "?state=queued&limit=2") == [ids[6], ids[5]])
        #expect(try list(rig, "one", "?state=succeeded") == [])
        let foreign = try list(rig, "two")[0]
        for bad in ["limit=0", "limit=501", "limit=x", "state=done", "after=x", "after=\(foreign)", "limit=1&limit=1", "order=up"] {
            let answer = try rig.get("/jobs?\(bad)", headers: [bearer("one")])
            #expect(answer.status == 400 && answer.code == "bad_parameter", "\(bad)")
        }
        #expect(try rig.get("/jobs").status == 401)
        gate.open()
    }

    /// Without keys a list is that of the address.
    @Test func withoutKeysTheAddressCounts() throws {
        let rig = try Rig(["trust-proxy": "127.0.0.1"])
        func post(_ address: String) throws -> String {
            let answer = try rig.post("/deblur", Pictures.png(40, 40), headers: ["Prefer: respond-async", "X-Forwarded-For: \(address)"])
            return answer.json["id"] as? String ?? ""
        }
        let ids = try [post("10.0.0.1"), post("10.0.0.2"), post("10.0.0.1")]
        func list(_ address: String) throws -> [String] {
            let answer = try rig.get("/jobs", headers: ["X-Forwarded-For: \(address)"])
            return (answer.json["jobs"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        }
        #expect(try list("10.0.0.1") == [ids[2], ids[0]])
        #expect(try list("10.0.0.2") == [ids[1]])
        #expect(try list("10.0.0.3") == [])
        // Who knows its name may ask for it.
        #expect(try rig.get("/jobs/\(ids[0])").status == 200)
        #expect(try rig.metric("deblur_http_requests_total{route=\"/jobs\",method=\"GET\",code=\"200\"}") == 3)
    }

    /// The file is read at a start: jobs stay with their key, whatever has become of it.
    @Test func ownersOutliveARestart() throws {
        let office = try Office("alice: one", "two", "bob: three")
        var ids: [String: String] = [:]
        do {
            let rig = try office.rig()
            for key in ["one", "two", "three"] {
                let id = try job(rig, key)
                ids[key] = id
                #expect(try done(rig, key, id))
            }
        }
        func owners(_ id: String, _ rig: Rig, _ keys: String...) throws -> [String] {
            try keys.filter { try rig.get("/jobs/\(id)/result", headers: [bearer($0)]).status == 200 }
        }
        // A new key for alice beside the old one, a name for the key that had none, bob is gone.
        try office.write("# keys\nalice: one\n alice:\tfour\n\ncarol jobs=5: two\n")
        do {
            let rig = try office.rig()
            #expect(try owners(try #require(ids["one"]), rig, "one", "two", "four") == ["one", "four"])
            #expect(try owners(try #require(ids["two"]), rig, "one", "two", "four") == ["two"])
            #expect(try owners(try #require(ids["three"]), rig, "one", "two", "four") == [])
            ids["carol"] = try job(rig, "two")
            #expect(try list(rig, "two") == [ids["carol"], ids["two"]])
            #expect(try list(rig, "four") == [ids["one"]])
        }
        // The old key goes, bob comes back with another one.
        try office.write("alice: four\nbob: five\ncarol: two\n")
        do {
            let rig = try office.rig()
            #expect(try rig.get("/jobs", headers: [bearer("one")]).status == 401)
            #expect(try owners(try #require(ids["one"]), rig, "four", "five") == ["four"])
            #expect(try owners(try #require(ids["three"]), rig, "four", "five") == ["five"])
            #expect(try list(rig, "two") == [ids["carol"], ids["two"]])
        }
        // Without keys whoever knows an id may ask; those that come then belong to no key.
        let open: String
        do {
            let rig = try Rig(["state-dir": "\(office.folder.path)/state"])
            #expect(try rig.get("/jobs/\(try #require(ids["one"]))/result").status == 200)
            #expect((try rig.get("/jobs").json["jobs"] as? [Any])?.isEmpty == true)
            open = try rig.postJob(Pictures.png(40, 40))
            #expect((try rig.get("/jobs").json["jobs"] as? [Any])?.count == 1)
        }
        let rig = try office.rig()
        #expect(try owners(open, rig, "four", "five", "two") == [])
    }

    @Test func aRateCountsPhotos() throws {
        let office = try Office("alice rate=3/h: one", "alice: other", "bob: two")
        let gate = Gate(isOpen: true)
        let rig = try office.rig(["queue": "1"], gate: gate)
        for key in ["one", "other", "one"] { #expect(try rig.post("/deblur", Pictures.png(40, 40), headers: [bearer(key)]).status == 200) }
        // What asks for no work does not count, and neither does what is malformed.
        for _ in 0..<5 { #expect(try list(rig, "one") == []) }
        #expect(try rig.post("/deblur?exit=0", Pictures.png(40, 40), headers: [bearer("one")]).status == 400)
        let refused = try rig.post("/deblur", Pictures.png(40, 40), headers: [bearer("other")])
        #expect(refused.status == 429 && refused.code == "rate_limited" && refused.json["limit"] as? Int == 3)
        let seconds = Int(refused.headers["Retry-After"] ?? "") ?? 0
        #expect((1190...1200).contains(seconds), "\(seconds)")
        #expect(refused.headers["Deblur-Ticket"] == nil)
        #expect(try post(rig, "one").status == 429)
        #expect(try rig.post("/deblur", Pictures.png(40, 40), headers: [bearer("two")]).status == 200)
        #expect(try metric(rig, "two", "deblur_rejected_total{reason=\"rate_limited\"}") == 2)
    }

    /// What the service has no room for is not counted.
    @Test func aFullServiceTakesNothingFromARate() throws {
        let office = try Office("alice rate=2/h: one", "bob: two")
        let gate = Gate(isOpen: true)
        let rig = try office.rig(["queue": "1"], gate: gate)
        gate.close()
        let busy = [try rig.client(), try rig.client()]
        for (place, client) in busy.enumerated() {
            client.post("/deblur", try Pictures.png(16, 16), headers: [bearer("two")])
            #expect(gate.waitForSomebody())
            #expect(try rig.eventually { try metric(rig, "two", "deblur_queue_tiles") == Double(place) })
        }
        for _ in 0..<4 {
            let refused = try rig.post("/deblur", Pictures.png(16, 16), headers: [bearer("one")])
            #expect(refused.status == 429 && refused.code == "queue_full", "\(refused.text)")
        }
        gate.open()
        for client in busy { #expect(try client.answer().status == 200) }
        #expect(try rig.eventually { try metric(rig, "two", "deblur_workers_busy") == 0 })
        for status in [200, 200, 429] { #expect(try rig.post("/deblur", Pictures.png(16, 16), headers: [bearer("one")]).status == status) }
    }

    @Test func aKeyHasSoManyJobs() throws {
        let office = try Office("alice jobs=2: one", "bob: two")
        let gate = Gate(isOpen: true)
        let rig = try office.rig(gate: gate)
        gate.close()
        let ids = [try job(rig, "one"), try job(rig, "one")]
        let refused = try post(rig, "one")
        #expect(refused.status == 507 && refused.code == "insufficient_storage")
        #expect(refused.json["limit"] as? Int == 2 && refused.json["actual"] as? Int == 3 && refused.headers["Retry-After"] != nil)
        _ = try job(rig, "two")
        #expect(try rig.get("/jobs/\(ids[1])", method: "DELETE", headers: [bearer("one")]).status == 204)
        let another = try job(rig, "one")
        gate.open()
        for id in [ids[0], another] { #expect(try done(rig, "one", id)) }
        // A result is kept and counts.
        #expect(try post(rig, "one").status == 507)
        #expect(try metric(rig, "one", "deblur_spool_errors_total{operation=\"accept\"}") == 0)
    }

    /// The name and never the key; from the file alone.
    @Test func theNameIsInLogAndMetrics() throws {
        let office = try Office("alice: secret-one", "secret-two")
        let rig = try office.rig()
        for key in ["secret-one", "secret-two", "secret-three"] { _ = try rig.get("/model", headers: [bearer(key)]) }
        // An answer is counted once the system has it: its client may have it a little before.
        var text = ""
        for (client, code) in [("alice", 200), ("unnamed", 200), ("", 401)] {
            let line = "deblur_http_requests_total{route=\"/model\",method=\"GET\",code=\"\(code)\",client=\"\(client)\"} 1\n"
            let isCounted = try rig.eventually {
                text = try rig.get("/metrics", headers: [bearer("secret-one")]).text
                return text.contains(line) || code == 401 && text.contains("code=\"401\",client=\"\"} 1\n")
            }
            #expect(isCounted, "\(client)")
        }
        #expect(!text.contains("secret"))
        #expect(rig.eventually { rig.log.all.contains { $0.contains("route=/model") && $0.contains("key=alice") } })
        #expect(rig.log.all.contains { $0.contains("route=/model") && $0.contains("key=unnamed") })
        #expect(!rig.log.all.contains { $0.contains("secret") })
    }

    @Test(arguments: [
        "alice rate=60: one", "alice rate=0/min: one", "alice rate=60/week: one", "alice jobs=-1: one", "alice jobs: one", "alice:  ",
        "al/ice: one", "rate=60/min: one", "alice rate=1/s rate=2/s: one", "two words", "alice: two words", "alice bob: one", ": one",
        "alice rate=1/s: one\nalice rate=2/s: two", "alice: one\nbob: one",
        String(repeating: "a", count: 65) + ": one", "alice: " + String(repeating: "k", count: 1025),
    ])
    func aLineThatIsNeitherIsNamed(lines: String) throws {
        let office = try Office("# first", lines)
        do {
            _ = try APIKeys(file: office.file)
            Issue.record("taken: \(lines)")
        } catch {
            guard case .line(office.file, let line, let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(line == lines.split(separator: "\n").count + 1)
            #expect(!reason.contains("one") && !reason.contains("two"), "\(reason)")
        }
    }

    /// A key may hold colons, and every line that was a key before names existed is the same key now.
    @Test func keysWithColonsAreKeys() throws {
        let office = try Office(
            "user:pass", "alice rate=1000/s jobs=9: a:b==", "alice: a:b==", "user:pass", "#comment: no key", "  spaced  ")
        let rig = try office.rig()
        for key in ["user:pass", "a:b==", "spaced"] { #expect(try rig.get("/model", headers: [bearer(key)]).status == 200, "\(key)") }
        for key in ["pass", "b==", "one", "no key", ""] { #expect(try rig.get("/model", headers: [bearer(key)]).status == 401, "\(key)") }
    }
}
