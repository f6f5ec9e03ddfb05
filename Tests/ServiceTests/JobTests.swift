import Foundation
import HTTP
import Images
import Service
import TestSupport
import Testing

/// Jobs on the wire: from `Prefer: respond-async` to the result.
@Suite struct JobTests {
    private static let members = [
        "created_at", "error", "eta_seconds", "exits", "finished_at", "height", "id", "position", "started_at",
        "state", "tiles", "width",
    ]

    @Test(arguments: JobStore.here) func acceptedWithItsPlaceAndItsDocument(store: JobStore) throws {
        let rig = try Rig(["replica": "deblur-0"], on: store)
        let answer = try rig.post(
            "/deblur", Pictures.png(70, 40), headers: ["Prefer: respond-async", "X-Request-Id: mine"])
        #expect(answer.status == 202 && answer.headers["Content-Type"] == "application/json")
        #expect(answer.headers["Preference-Applied"] == "respond-async")
        #expect(answer.headers["X-Request-Id"] == "mine" && answer.headers["Cache-Control"] == "no-store")
        let id = try #require(answer.json["id"] as? String)
        #expect(id.wholeMatch(of: /deblur-0-[0-9a-f]{32}/) != nil)
        #expect(answer.headers["Location"] == "/jobs/\(id)")
        #expect(answer.json.keys.sorted() == Self.members)
        #expect(answer.json["width"] as? Int == 70 && answer.json["height"] as? Int == 40)
        #expect((answer.json["tiles"] as? [String: Int])?["total"] == 6)
        let created = try #require(answer.json["created_at"] as? String)
        #expect(created.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)

        #expect(try rig.wait(for: "succeeded", of: id))
        let job = try rig.job(id)
        #expect(job.keys.sorted() == Self.members)
        #expect(job["tiles"] as? [String: Int] == ["total": 6, "done": 6])
        #expect((job["exits"] as? [String: Int])?.values.reduce(0, +) == 6)
        #expect(job["eta_seconds"] is NSNull && job["position"] is NSNull && job["error"] is NSNull)
        #expect(job["created_at"] as? String == created)
        #expect(try #require(job["started_at"] as? String) <= #require(job["finished_at"] as? String))
    }

    @Test(arguments: [
        ("respond-async", 202), ("wait=10, respond-async", 202), ("Respond-Async; x=y", 202),
        ("respond-async=\"\"", 202), ("respond-async=1", 200), ("wait=10", 200), ("x-respond-async", 200),
        ("return=minimal", 200),
    ])
    func preferenceDecides(prefer: String, status: Int) throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur", Pictures.png(16, 16), headers: ["Prefer: \(prefer)"])
        #expect(answer.status == status)
        #expect((answer.headers["Preference-Applied"] == "respond-async") == (status == 202))
        // A dry run is answered at once, whatever is preferred.
        #expect(try rig.post("/deblur?dry_run=1", Pictures.png(16, 16), headers: ["Prefer: \(prefer)"]).status == 200)
    }

    /// Those that wait are there for another replica, and no end of the process is blamed on them.
    @Test(arguments: JobStore.here) func noMoreAreBegunThanKeepTheWorkersBusy(store: JobStore) throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "2"], network: FakeNetwork(gate: gate), on: store)
        gate.close()
        let ids = try (0..<10).map { try rig.postJob(Pictures.png(8, 8, seed: UInt64($0))) }
        let isRunning = { try ids.count { try rig.state($0) == "running" } }
        #expect(try rig.eventually { try isRunning() == 4 })
        usleep(100_000)
        #expect(try isRunning() == 4)
        gate.open()
        for id in ids { #expect(try rig.wait(for: "succeeded", of: id)) }
    }

    @Test func namesCannotBeGuessed() throws {
        let rig = try Rig()
        let ids = try (0..<5).map { _ in try rig.postJob(Pictures.png(8, 8)) }
        #expect(Set(ids).count == 5 && ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
    }

    @Test(
        arguments: [
            "", "?exit=2&strength=0.25&format=png", "?format=jpeg&quality=77&metadata=strip", "?tau=0.125",
            "?strength=0.0000001",
        ], JobStore.here)
    func resultIsThatOfARequestThatWaits(query: String, store: JobStore) throws {
        let rig = try Rig(on: store)
        let photo = try Pictures.jpeg(100, 90)
        let accept = "Accept: image/png;q=0.5, image/jpeg"
        let answer = try rig.post("/deblur\(query)", photo, headers: ["Prefer: respond-async", accept])
        let id = try #require(answer.json["id"] as? String)
        #expect(try rig.wait(for: "succeeded", of: id))
        let waited = try rig.post("/deblur\(query)", photo, headers: [accept])
        let result = try rig.get("/jobs/\(id)/result")
        #expect(result.status == 200 && result.body == waited.body)
        for name in ["Content-Type", "Content-Length", "ETag", "Deblur-Tiles", "Deblur-Exits", "Deblur-Model"] {
            #expect(result.headers[name] != nil && result.headers[name] == waited.headers[name], "\(name)")
        }
        #expect(result.headers["Server-Timing"] != nil && result.headers["X-Request-Id"] != nil)
        #expect(result.headers["Transfer-Encoding"] == nil)

        let head = try rig.get("/jobs/\(id)/result", method: "HEAD")
        #expect(head.status == 200 && head.headers["Content-Length"] == String(result.body.count))
        let tag = try #require(result.headers["ETag"])
        for named in [tag, "W/\(tag)", "*", "\"x\", \(tag)"] {
            let current = try rig.get("/jobs/\(id)/result", headers: ["If-None-Match: \(named)"])
            #expect(current.status == 304 && current.headers["ETag"] == tag && current.body.isEmpty, "\(named)")
        }
        #expect(try rig.get("/jobs/\(id)/result", headers: ["If-None-Match: \"x\""]).status == 200)
    }

    @Test(arguments: JobStore.here) func deadlineResultsHaveATagOfTheirOwn(store: JobStore) throws {
        let rig = try Rig(on: store)
        let id = try rig.postJob(Pictures.png(40, 40), "?deadline=60")
        #expect(try rig.wait(for: "succeeded", of: id))
        let tag = try #require(try rig.get("/jobs/\(id)/result").headers["ETag"])
        #expect(try rig.get("/jobs/\(id)/result", headers: ["If-None-Match: \(tag)"]).status == 304)
    }

    @Test(arguments: JobStore.here) func largeResultsComeWholeAndTheConnectionStays(store: JobStore) throws {
        let rig = try Rig(["max-body": "8MiB"], on: store)
        // Noise does not compress: far more than a block and than what a socket takes at once.
        let raster = try Raster(width: 1200, height: 800, channels: 3, bitDepth: 8)
        var random = SeededRandom(seed: 7)
        for y in 0..<800 {
            raster.withMutableRow(y) { row in for index in row.indices { row[index] = UInt8(random.next() % 200) } }
        }
        let photo = try Image(raster: raster).encode()
        let id = try rig.postJob(photo, "?exit=1")
        #expect(try rig.wait(for: "succeeded", of: id))
        let client = try rig.client()
        client.get("/jobs/\(id)/result")
        let first = try client.answer()
        client.get("/jobs/\(id)/result")
        let second = try client.answer()
        #expect(first.status == 200 && first.body.count > 2_000_000 && first.body == second.body)
        #expect(try first.body == rig.post("/deblur?exit=1", photo).body)
    }

    @Test(arguments: JobStore.here) func unfinishedResultsSayWhen(store: JobStore) throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1"], network: FakeNetwork(gate: gate), on: store)
        _ = try rig.post("/deblur", Pictures.png(32, 32))
        gate.close()
        let id = try rig.postJob(Pictures.png(70, 40))
        #expect(gate.waitForSomebody())
        for path in ["result", "exits"] {
            let headers = path == "exits" ? ["Accept: image/png"] : []
            let answer = try rig.get("/jobs/\(id)/\(path)", headers: headers)
            #expect(answer.status == 409 && answer.code == "not_finished", "\(path)")
            #expect(Int(try #require(answer.headers["Retry-After"])) ?? 0 >= 1)
        }
        // The tiles that are there can be had.
        let exits = try rig.get("/jobs/\(id)/exits")
        #expect(exits.status == 200 && (exits.json["tiles"] as? [Any])?.isEmpty == true)
        let job = try rig.job(id)
        #expect(job["state"] as? String == "running" && job["eta_seconds"] is Double)
        gate.open()
        #expect(try rig.wait(for: "succeeded", of: id))
        #expect(try rig.get("/jobs/\(id)/result").status == 200)
    }

    @Test(arguments: JobStore.here) func exitsAsNumbersAndAsAPicture(store: JobStore) throws {
        let rig = try Rig(network: FakeNetwork(isBroken: false), on: store)
        let id = try rig.postJob(Pictures.png(70, 40))
        #expect(try rig.wait(for: "succeeded", of: id))
        let answer = try rig.get("/jobs/\(id)/exits")
        #expect(answer.headers["Content-Type"] == "application/json" && answer.headers["Vary"] == "Accept")
        #expect(answer.json.keys.sorted() == ["height", "tiles", "width"])
        let tiles = try #require(answer.json["tiles"] as? [[String: Any]])
        #expect(tiles.map { "\($0["x"] ?? "-"),\($0["y"] ?? "-")" } == ["0,0", "24,0", "38,0", "0,8", "24,8", "38,8"])
        for tile in tiles {
            #expect(tile.keys.sorted() == ["anomaly", "class", "exit", "height", "milliseconds", "width", "x", "y"])
            #expect(tile["width"] as? Int == 32 && tile["height"] as? Int == 32 && tile["anomaly"] is NSNull)
            #expect(tile["milliseconds"] as? Double ?? -1 >= 0 && (1...3).contains(tile["exit"] as? Int ?? 0))
        }
        let picture = try rig.get("/jobs/\(id)/exits", headers: ["Accept: image/png"])
        #expect(picture.status == 200 && picture.headers["Content-Type"] == "image/png")
        let raster = try Image.decode(picture.body).raster
        // The photo, three times as large, and a legend below.
        #expect(raster.width >= 210 && raster.height > 120 && raster.height < 240)
        #expect(try rig.get("/jobs/\(id)/exits", headers: ["Accept: text/html"]).status == 406)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
    }

    @Test(arguments: [(2, 1), (1, 0)], JobStore.here)
    func tilesThatAreNotBelievedAreShown(broken: (from: Int, exit: Int), store: JobStore) throws {
        let rig = try Rig(on: store)
        rig.network.breaksFrom.withLock { $0 = broken.from }
        let photo = try Pictures.png(70, 40)
        let answer = try rig.post("/deblur?exit=3", photo)
        #expect(answer.headers["Deblur-Anomalies"] == "6" && answer.headers["Deblur-Exits"] == "\(broken.exit)=6")
        #expect(try rig.metric("deblur_tile_anomalies_total") == 6)
        let id = try rig.postJob(photo, "?exit=3")
        #expect(try rig.wait(for: "succeeded", of: id))
        let result = try rig.get("/jobs/\(id)/result")
        #expect(result.headers["Deblur-Anomalies"] == "6" && result.body == answer.body)
        let tiles = try #require(try rig.get("/jobs/\(id)/exits").json["tiles"] as? [[String: Any]])
        #expect(tiles.allSatisfy { $0["anomaly"] as? String == "not_finite" && $0["exit"] as? Int == broken.exit })
        #expect(try rig.events(id).count { $0.json["anomaly"] as? String == "not_finite" } == 6)
        // The picture marks them; one without them has no such colour.
        #expect(try marks(rig, id) > 300)
        rig.network.breaksFrom.withLock { $0 = nil }
        let sound = try rig.postJob(photo, "?exit=3")
        #expect(try rig.wait(for: "succeeded", of: sound))
        #expect(try marks(rig, sound) == 0)
    }

    /// Pixels of the heat map in the colour that marks anomalies.
    private func marks(_ rig: Rig, _ id: String) throws -> Int {
        let picture = try Image.decode(rig.get("/jobs/\(id)/exits", headers: ["Accept: image/png"]).body).raster
        return (0..<picture.height).reduce(0) { count, y in
            count
                + picture.withRow(y) { row in
                    (0..<picture.width).count { row[$0 * 3] == 143 && row[$0 * 3 + 1] == 211 && row[$0 * 3 + 2] == 210 }
                }
        }
    }

    @Test(arguments: JobStore.here) func damagedPhotosFailWithTheirProblem(store: JobStore) throws {
        let rig = try Rig(on: store)
        let whole = try Pictures.png(70, 40)
        let answer = try rig.post(
            "/deblur", Array(whole.prefix(whole.count - 40)), headers: ["Prefer: respond-async", "X-Request-Id: r1"])
        let id = try #require(answer.json["id"] as? String)
        #expect(try rig.wait(for: "failed", of: id))
        let error = try #require(try rig.job(id)["error"] as? [String: Any])
        #expect(error["code"] as? String == "bad_image" && error["status"] as? Int == 422)
        #expect(error["request_id"] as? String == "r1" && error["type"] as? String == "about:blank")
        for path in ["result", "exits"] {
            let answer = try rig.get("/jobs/\(id)/\(path)")
            #expect(answer.status == 422 && answer.code == "bad_image")
        }
        #expect(try rig.events(id).map(\.name) == ["queued", "started", "failed"])
        #expect(try rig.eventually { try rig.metric("deblur_spool_bytes") == 0 })
        #expect(try rig.metric("deblur_jobs_ended_total{state=\"failed\"}") == 1)
    }

    @Test func whatARequestIsRefusedForAJobIsToo() throws {
        let rig = try Rig(["memory-budget": "16MiB"])
        let prefer = ["Prefer: respond-async"]
        #expect(try rig.post("/deblur", Array("no image".utf8), headers: prefer).status == 415)
        #expect(try rig.post("/deblur?exit=9", Pictures.png(8, 8), headers: prefer).code == "bad_parameter")
        #expect(try rig.post("/deblur", Pictures.png(8, 8), headers: prefer + ["Accept: text/html"]).status == 406)
        let huge = try rig.post("/deblur", Pictures.png(1900, 1900), headers: prefer)
        #expect(huge.status == 422 && huge.code == "too_many_pixels")
        #expect(try rig.metric("deblur_jobs_accepted_total") == 0)
        // The place is given back when the request is let go of, which may be after its answer.
        #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 0 })
    }

    @Test(arguments: JobStore.here) func unknownNamesAndMethods(store: JobStore) throws {
        let rig = try Rig(on: store)
        let unknown = String(repeating: "0", count: 32)
        for id in [unknown, "a-\(unknown)", "x", "..", "%2e%2e", "A\(unknown)", "\(unknown)0"] {
            for path in ["", "/events", "/result", "/exits"] {
                let answer = try rig.get("/jobs/\(id)\(path)")
                #expect(answer.status == 404 && answer.code == "not_found", "\(id)\(path)")
            }
            #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 404)
        }
        let post = try rig.post("/jobs/\(unknown)", [])
        #expect(post.status == 405 && post.headers["Allow"] == "GET, HEAD, DELETE, OPTIONS")
        #expect(try rig.get("/jobs/\(unknown)/result", method: "DELETE").headers["Allow"] == "GET, HEAD, OPTIONS")
    }

    @Test(arguments: JobStore.here) func keysGuardJobsToo(store: JobStore) throws {
        let folder = try StateFolder()
        try "sesame\n".write(toFile: "\(folder.path)/keys", atomically: true, encoding: .utf8)
        let rig = try Rig(["api-key-file": "\(folder.path)/keys"], on: store)
        let key = "Authorization: Bearer sesame"
        let answer = try rig.post("/deblur", Pictures.png(16, 16), headers: ["Prefer: respond-async", key])
        let id = try #require(answer.json["id"] as? String)
        for path in ["", "/events", "/result", "/exits"] {
            #expect(try rig.get("/jobs/\(id)\(path)").status == 401, "\(path)")
        }
        #expect(try rig.get("/jobs/\(id)", method: "DELETE").status == 401)
        #expect(try rig.get("/jobs/\(id)", headers: [key]).status == 200)
    }
}
