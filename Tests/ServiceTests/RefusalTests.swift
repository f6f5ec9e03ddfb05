import Foundation
import HTTP
import Images
import TestSupport
import Testing

/// What is refused, with which status, code and numbers.
@Suite struct RefusalTests {
    @Test(arguments: [
        ("exit=0", "exit"), ("exit=4", "exit"), ("exit=x", "exit"), ("exit=", "exit"), ("exit=1&exit=2", "exit"),
        ("tau=-1", "tau"), ("tau=nan", "tau"), ("tau=1e3", "tau"), ("exit=1&tau=1", "tau"),
        ("strength=1.1", "strength"), ("strength=-0", "strength"), ("format=webp", "format"),
        ("quality=0", "quality"), ("quality=101", "quality"), ("quality=9.5", "quality"), ("metadata=", "metadata"),
        ("deadline=0", "deadline"), ("deadline=inf", "deadline"), ("dry_run=yes", "dry_run"), ("qualty=5", "quality"),
    ])
    func badParameterIsNamed(query: String, name: String) throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur?\(query)", Pictures.png(16, 16))
        #expect(answer.status == 400)
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        #expect(answer.code == "bad_parameter")
        #expect(answer.detail.contains(name), "\(answer.detail)")
        #expect(!answer.detail.contains("qualty"))
    }

    @Test func problemHasEveryMember() throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur", Pictures.png(2001, 2000), headers: ["X-Request-Id: abc"])
        #expect(answer.status == 422)
        #expect(
            answer.json as NSDictionary == [
                "type": "about:blank", "title": "The image is too large", "status": 422, "code": "too_many_pixels",
                "detail": "The image has 4002000 pixels; the service takes at most 4000000.", "request_id": "abc",
                "limit": 4_000_000, "actual": 4_002_000,
            ] as NSDictionary)
        #expect(try rig.metric("deblur_rejected_total{reason=\"too_many_pixels\"}") == 1)
    }

    /// A header that claims 2³¹ pixels in a side is refused by what it says: nothing that large is ever allocated.
    @Test func hugeClaimIsRefusedFromTheHeader() throws {
        let rig = try Rig()
        var png = try Pictures.png(8, 8)
        png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        let answer = try rig.post("/deblur", png)
        #expect(answer.status == 422)
        #expect(["too_many_pixels", "bad_image"].contains(answer.code))
    }

    @Test(arguments: ["text/html", "image/webp", "application/json", "application/pdf"])
    func otherTypesAreRefusedBeforeTheBody(type: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send("POST /deblur HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\nContent-Length: 1000000\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 415)
        #expect(answer.code == "unsupported_media_type")
        #expect(answer.headers["Accept-Post"] == "image/jpeg, image/png, multipart/form-data")
    }

    @Test func otherBytesAreRefused() throws {
        let rig = try Rig()
        for text in ["GIF89a", "hello", "\u{0}"] {
            let answer = try rig.post("/deblur", Array(text.utf8))
            #expect(answer.status == 415 && answer.code == "unsupported_media_type")
        }
        let empty = try rig.post("/deblur", [])
        #expect(empty.status == 400 && empty.code == "bad_request")
        let coded = try rig.post("/deblur", Pictures.png(8, 8), headers: ["Content-Encoding: gzip"])
        #expect(coded.status == 415 && coded.headers["Accept-Encoding"] == "identity")
    }

    @Test func truncatedImageIsABadImage() throws {
        let rig = try Rig()
        for image in [try Pictures.png(64, 64), try Pictures.jpeg(64, 64)] {
            let answer = try rig.post("/deblur", Array(image[..<(image.count / 2)]))
            #expect(answer.status == 422 && answer.code == "bad_image", "\(answer.text)")
        }
    }

    @Test func tooLargeBodyIsRefusedUnread() throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send("POST /deblur HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 413)
        #expect(answer.json["limit"] as? Int == 4_194_304)
        #expect(answer.json["actual"] as? Int == 4_194_305)
        #expect(try rig.metric("deblur_memory_reserved_bytes") == 0)
    }

    @Test func nothingAcceptable() throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur", Pictures.png(8, 8), headers: ["Accept: image/webp"])
        #expect(answer.status == 406 && answer.code == "not_acceptable")
    }

    @Test func pathsAndMethods() throws {
        let rig = try Rig()
        let unknown = try rig.get("/nothing")
        #expect(unknown.status == 404 && unknown.code == "not_found")
        let wrong = try rig.get("/deblur")
        #expect(wrong.status == 405 && wrong.code == "method_not_allowed")
        #expect(try #require(wrong.headers["Allow"]).contains("POST"))
        #expect(try rig.get("/healthz", method: "HEAD").status == 200)
        #expect(try rig.post("/healthz", []).status == 405)
    }

    @Test func keysAreAskedForEverywhereButHealth() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UInt64.random(in: 0 ... .max))")
        try "# people\n  first-key \n\nsecond\n".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let rig = try Rig(["api-key-file": file.path])
        let png = try Pictures.png(8, 8)
        let bad = [
            [], ["Authorization: Bearer"], ["Authorization: Bearer x"], ["Authorization: Basic first-key"],
            ["Authorization: Bearer # people"], ["Authorization: Bearer first-key2"],
            ["Authorization: Bearer x", "Authorization: Bearer second"],
        ]
        for headers in bad {
            let answer = try rig.post("/deblur", png, headers: headers)
            #expect(answer.status == 401 && answer.code == "unauthorized", "\(headers)")
            #expect(answer.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        }
        for key in ["Bearer first-key", "bearer second", "Bearer  second"] {
            #expect(try rig.post("/deblur", png, headers: ["Authorization: \(key)"]).status == 200)
        }
        for path in ["/metrics", "/model", "/nothing"] { #expect(try rig.get(path).status == 401, "\(path)") }
        for path in ["/healthz", "/readyz"] { #expect(try rig.get(path).status == 200, "\(path)") }
    }
}
