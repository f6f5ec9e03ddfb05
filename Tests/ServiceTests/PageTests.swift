import Foundation
import Service
import Testing

/// The page's files on the wire.
@Suite struct PageTests {
    @Test func thePageAndWhatItAsksForAreServed() throws {
        let rig = try Rig()
        let page = try rig.get("/")
        #expect(page.status == 200 && page.headers["Content-Type"] == "text/html; charset=utf-8")
        let policy = try #require(page.headers["Content-Security-Policy"])
        #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
        #expect(page.headers["X-Content-Type-Options"] == "nosniff")
        let links = page.text.matches(of: /(?:src|href)="([^"#]+)"/).map { String($0.1) }
        #expect(links.count >= 3, "no scripts and styles in the page")
        for link in links {
            #expect(!link.contains("//"), "\(link) is from outside")
            let path = link.hasPrefix("/") ? link : "/" + link
            #expect(try rig.get(path).status == 200, "\(path)")
        }
        let tag = try #require(page.headers["ETag"])
        #expect(try rig.get("/", headers: ["If-None-Match: \(tag)"]).status == 304)
    }

    @Test func nothingElseIsServed() throws {
        let rig = try Rig()
        for path in ["/nothing", "/../Package.swift", "/%2e%2e/Package.swift", "/js/..%2f..%2fPackage.swift", "/js/", "/js"] {
            let answer = try rig.get(path)
            #expect(answer.status == 404 || answer.status == 400, "\(path): \(answer.status)")
        }
        let refused = try rig.post("/index.html", [])
        #expect(refused.status == 405 && refused.headers["Allow"] == "GET, HEAD, OPTIONS")
    }

    @Test func thePageNeedsNoKeyAndTheRestDoes() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "deblur-page-keys-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try "a-key\n".write(to: file, atomically: true, encoding: .utf8)
        let rig = try Rig(["api-key-file": file.path])
        #expect(try rig.get("/").status == 200)
        #expect(try rig.get("/icon.svg").status == 200)
        #expect(try rig.get("/openapi.yaml").status == 200)
        #expect(try rig.get("/model").status == 401)
        #expect(try rig.get("/nothing").status == 401)
    }

    @Test func limitsAndSpeedAreKnownBeforeAnUpload() throws {
        let rig = try Rig(["max-body": "3MiB", "max-pixels": "2MP", "result-ttl": "90s"])
        func service() throws -> [String: Any] {
            let model = try rig.get("/model").json
            #expect(model["sub_decoders"] as? Int == 3, "the model's own keys stay")
            return try #require(model["service"] as? [String: Any])
        }
        let first = try service()
        #expect(first["max_body_bytes"] as? Int == 3 << 20)
        #expect(first["max_pixels"] as? Int == 2_000_000)
        #expect(first["result_ttl_seconds"] as? Double == 90)
        let known = try #require(first["seconds_per_tile"] as? Double)
        #expect(known > 0, "the known tile's time before the first photo")
        #expect(try rig.post("/deblur", Pictures.png(64, 64)).status == 200)
        let measured = try #require(try service()["seconds_per_tile"] as? Double)
        #expect(measured > 0 && measured != known)
    }
}
