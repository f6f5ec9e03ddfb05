import Foundation
import Service
import TestSupport
import Testing

/// `Deblur-Ticket`: a 429 gives one, and who brings it back in time is served before newcomers.
@Suite struct TicketTests {
    /// A service whose queue of two tiles is full; everybody comes from an address of its own.
    private final class FullService {
        let gate = Gate(isOpen: true)
        let rig: Rig
        let photo: [UInt8]
        var waiting: [Client] = []

        init() throws {
            rig = try Rig(["threads": "1", "queue": "2", "trust-proxy": "127.0.0.1"], network: FakeNetwork(gate: gate))
            photo = try Pictures.png(16, 16)
            gate.close()
            for place in 0..<3 {
                let client = try rig.client()
                client.post("/deblur", photo, headers: ["X-Forwarded-For: 10.0.0.1"])
                waiting.append(client)
                if place == 0 { #expect(gate.waitForSomebody()) }
                #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == Double(place) })
            }
        }

        func post(_ ticket: String? = nil, _ photo: [UInt8]? = nil, from address: String = "10.0.0.1") throws -> Client.Answer {
            let fields = ["X-Forwarded-For: \(address)"] + (ticket.map { ["Deblur-Ticket: \($0)"] } ?? [])
            return try rig.post("/deblur", photo ?? self.photo, headers: fields)
        }

        /// Of a refusal.
        func ticket(_ answer: Client.Answer) throws -> String {
            #expect(answer.status == 429 && answer.code == "queue_full", "\(answer.text)")
            return try #require(answer.headers["Deblur-Ticket"])
        }

        func wait(_ answer: Client.Answer) { usleep(UInt32((Double(answer.headers["Retry-After"] ?? "") ?? 0) * 1e6)) }

        /// One of those who wait leaves: there is room for one.
        func makeRoom() throws {
            waiting.removeLast().leave()
            #expect(try rig.eventually { try rig.metric("deblur_queue_tiles") == 1 })
        }
    }

    @Test func whoWaitsIsServedBeforeNewcomers() throws {
        let full = try FullService()
        let first = try full.post()
        let ticket = try full.ticket(first)
        #expect(ticket.utf8.count == 60)
        // Too early: the same ticket, and what is left of the time.
        let early = try full.post(ticket)
        #expect(try full.ticket(early) == ticket)
        full.wait(first)
        let second = try full.post(ticket)
        let place = try full.ticket(second)
        #expect(place != ticket)
        // Each is good for one return.
        #expect(try full.ticket(full.post(ticket)) != ticket)
        full.wait(second)
        try full.makeRoom()
        // There is room for one, and it is held: for nobody who has no ticket, another's, a forged one or a larger photo.
        let refused = try full.post()
        #expect(try !full.ticket(refused).isEmpty)
        #expect(refused.detail.contains("held"), "\(refused.detail)")
        var forged = Array(place.utf8)
        forged[20] = forged[20] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        for wrong in [String(decoding: forged, as: UTF8.self), String(place.dropLast(4)), place + "AAAA", "x", ticket] {
            #expect(try full.post(wrong).status == 429, "\(wrong)")
        }
        #expect(try full.post(place, Pictures.png(200, 200)).status == 429)
        let client = try full.rig.client()
        client.post("/deblur", full.photo, headers: ["X-Forwarded-For: 10.0.0.1", "Deblur-Ticket: \(place)"])
        #expect(try full.rig.eventually { try full.rig.metric("deblur_queue_tiles") == 2 })
        full.gate.open()
        for waiting in full.waiting + [client] { #expect(try waiting.answer().status == 200) }
    }

    /// A ticket holds for the caller that it was given to, once, and not for ever.
    @Test func aTicketIsOfOneCallerAndShort() throws {
        let full = try FullService()
        // "10.0.0.1" fills its half and more, two others come.
        let b = try full.rig.client()
        b.post("/deblur", full.photo, headers: ["X-Forwarded-For: 10.0.0.2"])
        #expect(try full.rig.eventually { try full.rig.metric("deblur_queue_tiles") == 3 })
        let refused = try full.post(from: "10.0.0.3")
        let ticket = try full.ticket(refused)
        // Over its share: no ticket.
        let over = try full.post(from: "10.0.0.1")
        #expect(over.status == 429 && over.headers["Retry-After"] != nil && over.headers["Deblur-Ticket"] == nil)
        full.wait(refused)
        #expect(try full.ticket(full.post(ticket, from: "10.0.0.4")) != ticket)
        // Told one second, it counts for two more.
        usleep(3_200_000)
        #expect(try full.ticket(full.post(ticket, from: "10.0.0.3")) != ticket)
        full.gate.open()
        for waiting in full.waiting + [b] { #expect(try waiting.answer().status == 200) }
    }
}
