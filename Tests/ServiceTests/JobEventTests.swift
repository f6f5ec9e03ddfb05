import HTTP
import Service
import Testing

/// `GET /jobs/{id}/events`.
@Suite struct JobEventTests {
    @Test(arguments: JobStore.here) func everyEventOnceAndInOrder(store: JobStore) throws {
        let rig = try Rig(on: store)
        let id = try rig.postJob(Pictures.png(70, 40))
        let events = try rig.events(id)
        #expect(events.map(\.name) == ["queued", "started"] + Array(repeating: "tile", count: 6) + ["succeeded"])
        #expect(events.map(\.id) == (1...9).map { String($0) })
        let members = [
            "anomaly", "class", "done", "eta_seconds", "exit", "height", "milliseconds", "total", "width", "x", "y",
        ]
        for (index, event) in events.dropFirst(2).prefix(6).enumerated() {
            #expect(event.json.keys.sorted() == members)
            #expect(event.json["done"] as? Int == index + 1 && event.json["total"] as? Int == 6)
        }
        for event in [events[0], events[1], events[8]] {
            #expect(event.json["id"] as? String == id)
        }
        #expect(events[0].json["state"] as? String == "queued" && events[1].json["state"] as? String == "running")
        #expect(events[8].json["state"] as? String == "succeeded")
        #expect(events[8].json["tiles"] as? [String: Int] == ["total": 6, "done": 6])
    }

    @Test(arguments: JobStore.here) func resumesBehindEveryEvent(store: JobStore) throws {
        let rig = try Rig(on: store)
        let id = try rig.postJob(Pictures.png(70, 40))
        #expect(try rig.wait(for: "succeeded", of: id))
        let all = try rig.events(id)
        for last in 0..<all.count {
            #expect(try rig.events(id, after: String(last)) == Array(all.dropFirst(last)), "after \(last)")
        }
        // Ids that were never given: from the beginning.
        for last in ["x", "-1", "1e3", "99999999999999999999"] {
            #expect(try rig.events(id, after: last) == all, "\(last)")
        }
        // Nothing is left: 204 keeps an EventSource from coming back.
        for last in ["9", "10"] {
            let answer = try rig.get("/jobs/\(id)/events", headers: ["Last-Event-ID: \(last)"])
            #expect(answer.status == 204)
        }
    }

    @Test(arguments: JobStore.here) func eventsComeAsTheyHappen(store: JobStore) throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1"], network: FakeNetwork(gate: gate), on: store)
        gate.close()
        let id = try rig.postJob(Pictures.png(70, 40))
        let client = try rig.client()
        client.get("/jobs/\(id)/events")
        let head = try client.streamHead()
        #expect(head.status == 200 && head.headers["Content-Type"] == "text/event-stream; charset=utf-8")
        #expect(head.headers["Cache-Control"] == "no-store" && head.headers["X-Accel-Buffering"] == "no")
        #expect(gate.waitForSomebody())
        var text: [UInt8] = []
        while Event.parse(text).last?.name != "started" { text += try #require(try client.chunk()) }
        #expect(try rig.metric("deblur_event_streams") == 1)
        let headOnly = try rig.get("/jobs/\(id)/events", method: "HEAD")
        #expect(headOnly.status == 200 && headOnly.headers["Content-Type"] == "text/event-stream; charset=utf-8")
        gate.open()
        while let chunk = try client.chunk() { text += chunk }
        #expect(Event.parse(text).count == 9 && Event.parse(text).last?.name == "succeeded")
        #expect(try rig.eventually { try rig.metric("deblur_event_streams") == 0 })
        // The connection goes on.
        client.get("/jobs/\(id)")
        #expect(try client.answer().json["state"] as? String == "succeeded")
    }

    @Test(arguments: JobStore.here) func clientsThatLeaveAreForgottenAndTheJobGoesOn(store: JobStore) throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1"], network: FakeNetwork(gate: gate), on: store)
        gate.close()
        let id = try rig.postJob(Pictures.png(70, 40))
        let clients = try (0..<5).map { _ in try rig.client() }
        for client in clients {
            client.get("/jobs/\(id)/events")
            _ = try client.streamHead()
        }
        #expect(try rig.eventually { try rig.metric("deblur_event_streams") == 5 })
        for (index, client) in clients.enumerated() { if index % 2 == 0 { client.reset() } else { client.leave() } }
        #expect(try rig.eventually { try rig.metric("deblur_event_streams") == 0 })
        gate.open()
        #expect(try rig.wait(for: "succeeded", of: id))
    }

    @Test func silenceIsBrokenByPings() throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["threads": "1"], network: FakeNetwork(gate: gate))
        gate.close()
        let id = try rig.postJob(Pictures.png(16, 16))
        let client = try rig.client()
        client.get("/jobs/\(id)/events")
        _ = try client.streamHead()
        let began = ContinuousClock.now
        var text = ""
        while !text.contains(": ping\n\n") { text += String(decoding: try #require(try client.chunk()), as: UTF8.self) }
        #expect(.now - began > .seconds(14))
    }
}
