import Foundation
import HTTP
import Service
import TestSupport
import Testing

/// What every answer carries, whoever makes it: a route, the router, the page, or the server before any of them.
@Suite struct CommonFieldsTests {
    /// Requests on a connection each, and the status of the answer.
    private static let requests: [(text: String, status: Int)] = [
        ("GET /healthz", 200), ("HEAD /healthz", 200), ("GET /readyz", 200), ("GET /metrics", 200), ("GET /model", 200),
        ("GET /openapi.yaml", 200), ("GET /", 200), ("HEAD /", 200), ("OPTIONS /", 204), ("OPTIONS *", 200),
        ("OPTIONS http://a", 200), ("OPTIONS /deblur", 204), ("OPTIONS /jobs/x", 204), ("OPTIONS /nothing", 404),
        ("GET /nothing", 404), ("GET /deblur", 405), ("DELETE /", 405), ("GET /jobs/x", 404), ("BREW /", 501),
        ("CONNECT a:1", 501), ("GET https://a/healthz", 421), ("OPTIONS https://a", 421), ("GET /%zz", 400),
        ("GET /\(String(repeating: "x", count: 20_000))", 414), ("POST /deblur", 400),
    ]

    @Test func everyAnswerHasItsID() throws {
        let rig = try Rig()
        for (request, status) in Self.requests {
            let client = try rig.client()
            client.send("\(request) HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine_1\r\nContent-Length: 0\r\n\r\n")
            let answer = try client.answer(isHead: request.hasPrefix("HEAD"))
            #expect(answer.status == status, "\(request.prefix(40))")
            let ids = answer.headers.values("X-Request-Id")
            // What is broken in its first line has no head to take an id from.
            let isKept = ids == ["mine_1"] || [400, 414].contains(status)
            #expect(ids.count == 1 && ids.allSatisfy(RequestID.isAcceptable) && isKept, "\(request.prefix(40)): \(ids)")
        }
    }

    @Test func streamsAndOtherEndsHaveIt() throws {
        let rig = try Rig()
        let photo = try Pictures.png(8, 8)
        let accepted = try rig.post("/deblur", photo, headers: ["Prefer: respond-async"])
        #expect(accepted.status == 202 && accepted.headers["X-Request-Id"] != nil)
        let job = try #require(accepted.headers["Location"])
        #expect(try rig.eventually { try rig.get("\(job)/result").status == 200 })
        for path in ["", "/result", "/exits"] {
            #expect(try rig.get(job + path).headers.values("X-Request-Id").count == 1, "\(path)")
        }
        let events = try rig.client()
        events.get("\(job)/events", headers: ["X-Request-Id: stream"])
        #expect(try events.streamHead().headers.values("X-Request-Id") == ["stream"])
        #expect(try rig.get(job, method: "DELETE").headers["X-Request-Id"] != nil)
        for (body, status) in [(photo, 200), (Array(photo.prefix(60)), 422), ([], 400)] {
            let answer = try rig.post("/deblur", body)
            #expect(answer.status == status && answer.headers.values("X-Request-Id").count == 1)
        }
    }

    // MARK: https on a clear connection

    @Test func httpsTargets() throws {
        let rig = try Rig()
        let answer = try rig.get("https://a/healthz")
        #expect(answer.status == 421 && answer.code == "misdirected")
        #expect(try rig.metric("deblur_rejected_total{reason=\"misdirected\"}") == 1)
        #expect(try rig.get("HTTPS://a/deblur").status == 421)
        #expect(try rig.get("http://a/healthz").status == 200)
        #expect(try rig.get("https://a/healthz", headers: ["X-Forwarded-Proto: https"]).status == 421)
    }

    @Test func trustedProxySaysHTTPS() throws {
        let rig = try Rig(["trust-proxy": "127.0.0.1"])
        #expect(try rig.get("https://a/healthz").status == 421)
        #expect(try rig.get("https://a/healthz", headers: ["X-Forwarded-Proto: http"]).status == 421)
        #expect(try rig.get("https://a/healthz", headers: ["X-Forwarded-Proto: https"]).status == 200)
        #expect(try rig.get("https://a", method: "OPTIONS", headers: ["X-Forwarded-Proto: HTTPS"]).status == 200)
    }
}
