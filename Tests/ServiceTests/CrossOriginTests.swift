import Foundation
import HTTP
import Service
import TestSupport
import Testing

/// `--cors`: what browsers ask before a page of another origin may call the service, and what they want to see after.
@Suite struct CrossOriginTests {
    private static let page = "https://app.example"
    private static let names = [
        "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
        "Access-Control-Expose-Headers", "Access-Control-Max-Age",
    ]

    private func fields(_ answer: Client.Answer) -> [String] {
        Self.names.filter { answer.headers.contains($0) }
    }

    private func preflight(_ rig: Rig, _ path: String, origin: String = page) throws -> Client.Answer {
        try rig.get(
            path, method: "OPTIONS",
            headers: [
                "Origin: \(origin)", "Access-Control-Request-Method: POST",
                "Access-Control-Request-Headers: authorization,content-type,prefer",
            ])
    }

    @Test func offWithoutTheOption() throws {
        let rig = try Rig()
        let asked = try preflight(rig, "/deblur")
        #expect(asked.status == 204 && asked.headers["Allow"] == "POST, OPTIONS" && fields(asked).isEmpty)
        let answer = try rig.get("/healthz", headers: ["Origin: \(Self.page)"])
        #expect(fields(answer).isEmpty && answer.headers["Vary"] == nil)
    }

    @Test(arguments: ["/deblur", "/jobs/x/result", "/nothing", "/"])
    func preflights(path: String) throws {
        let rig = try Rig(["cors": "http://localhost:3000, \(Self.page)"])
        let asked = try preflight(rig, path)
        #expect(asked.status == 204 && asked.headers["Access-Control-Allow-Origin"] == Self.page)
        #expect(asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, DELETE")
        let taken = try #require(asked.headers["Access-Control-Allow-Headers"]).lowercased()
        for name in ["authorization", "content-type", "prefer", "if-none-match", "last-event-id", "deblur-ticket"] {
            #expect(taken.contains(name))
        }
        #expect(asked.headers["Access-Control-Max-Age"] == "3600" && asked.headers["Vary"] == "Origin")
        #expect(asked.headers["X-Request-Id"] != nil)
        let stranger = try preflight(rig, path, origin: "https://evil.example")
        #expect(fields(stranger).isEmpty && stranger.headers["Vary"] == "Origin")
    }

    @Test func preflightsCarryNoKeyAndErrorsCanBeRead() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UInt64.random(in: 0 ... .max))")
        try "secret\n".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let rig = try Rig(["cors": Self.page, "api-key-file": file.path])
        #expect(try preflight(rig, "/deblur").status == 204)
        // An OPTIONS that is no preflight is a request as any other.
        #expect(try rig.get("/deblur", method: "OPTIONS", headers: ["Origin: \(Self.page)"]).status == 401)
        let png = try Pictures.png(8, 8)
        let origin = "Origin: \(Self.page)", key = "Authorization: Bearer secret"
        let answers = [
            (200, try rig.post("/deblur", png, headers: [origin, key])), (401, try rig.post("/deblur", png, headers: [origin])),
            (400, try rig.post("/deblur?exit=99", png, headers: [origin, key])),
            (413, try rig.get("/deblur", method: "POST", headers: [origin, key, "Content-Length: 4194305"])),
            (404, try rig.get("/nothing", headers: [origin, key])), (405, try rig.get("/deblur", headers: [origin, key])),
            (415, try rig.post("/deblur", [1], headers: [origin, key])),
            (501, try rig.get("/deblur", method: "BREW", headers: [origin, key])),
            (417, try rig.get("/model", headers: [origin, key, "Expect: tea"])),
        ]
        for (status, answer) in answers {
            #expect(answer.status == status)
            #expect(answer.headers["Access-Control-Allow-Origin"] == Self.page, "\(status)")
            let exposed = try #require(answer.headers["Access-Control-Expose-Headers"])
            for name in answer.headers.fields.map(\.name) {
                #expect(exposed.contains(name) || Self.readable(name), "\(status): \(name) cannot be read")
            }
        }
    }

    /// Fetch §2.2.2: what every page may read; and what is nothing to it.
    private static func readable(_ name: String) -> Bool {
        let own = ["Vary", "Date", "Server", "Connection", "X-Content-Type-Options", "Accept-Encoding"]
        return name.hasPrefix("Access-Control-") || ["Cache-Control", "Content-Length", "Content-Type"].contains(name)
            || own.contains(name)
    }

    @Test func streamsAndVary() throws {
        let rig = try Rig(["cors": Self.page])
        let accepted = try rig.post("/deblur", Pictures.png(8, 8), headers: ["Prefer: respond-async"])
        let path = try #require(accepted.headers["Location"])
        let client = try rig.client()
        client.get("\(path)/events", headers: ["Origin: \(Self.page)"])
        #expect(try client.streamHead().headers["Access-Control-Allow-Origin"] == Self.page)
        let answer = try rig.post("/deblur", Pictures.png(8, 8), headers: ["Origin: https://other.example"])
        #expect(answer.status == 200 && answer.headers.values("Vary") == ["Accept", "Origin"] && fields(answer).isEmpty)
    }

    @Test func anyOrigin() throws {
        let rig = try Rig(["cors": "*"])
        let answer = try rig.get("/model", headers: ["Origin: null"])
        #expect(answer.headers["Access-Control-Allow-Origin"] == "*" && answer.headers["Vary"] == nil)
        #expect(try preflight(rig, "/deblur").headers["Access-Control-Allow-Origin"] == "*")
        // Broken before there was an Origin to see.
        let client = try rig.client()
        client.send("GET / HTTP/9.9\r\n\r\n")
        #expect(try client.answer().headers["Access-Control-Allow-Origin"] == "*")
    }

    @Test(arguments: [
        ("https://App.Example:443", "https://app.example"), ("http://localhost:80", "http://localhost"),
        ("http://localhost:8443,https://a", "https://a"), ("capacitor://localhost", "capacitor://localhost"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ])
    func originsAsBrowsersWriteThem(option: String, sent: String) throws {
        let rig = try Rig(["cors": option])
        let answer = try rig.get("/healthz", headers: ["Origin: \(sent)"])
        #expect(answer.headers["Access-Control-Allow-Origin"] == sent)
    }

    @Test(arguments: [
        "", ",", "app.example", "https://a/", "https://a/b", "https://", "https://a:99999", "https://u@a", "null", "*,https://a",
        "https://*.a", "https://a:", "https://\u{E9}", "1a://b",
    ])
    func noOrigins(option: String) {
        #expect(CrossOriginPolicy(option) == nil)
    }
}
