import Foundation
import HTTP
import Testing

@Suite struct HelperTests {
    @Test func acceptedTypes() {
        func preferred(_ accept: String, _ offered: [String]) -> String? {
            AcceptedTypes(["Accept": accept]).preferred(among: offered)
        }
        let both = ["image/jpeg", "image/png"]
        #expect(AcceptedTypes(HTTPHeaders()).preferred(among: both) == "image/jpeg")
        #expect(preferred("image/png", both) == "image/png")
        #expect(preferred("image/*;q=0.5, image/png;q=0.4", both) == "image/jpeg")
        #expect(preferred("*/*;q=0.1, image/png;q=0.2", both) == "image/png")
        #expect(preferred("image/jpeg;q=0, */*", both) == "image/png")
        #expect(preferred("text/html", both) == nil)
        let aliases = ["image/jpg": "image/jpeg"]
        func named(_ accept: String) -> String? {
            AcceptedTypes(["Accept": accept], aliases: aliases).preferred(among: both)
        }
        #expect(named("image/jpg") == "image/jpeg" && named("IMAGE/JPG;q=0.1, image/png;q=0") == "image/jpeg")
        #expect(named("image/jpg;q=0, image/*") == "image/png" && preferred("image/jpg", both) == nil)
        #expect(preferred("IMAGE/PNG ; Q=1.000", both) == "image/png")
        #expect(preferred("image/png;q=2, image/jpeg;q=0.001", both) == "image/jpeg")
        #expect(preferred("image/png;q=0.1234, image/jpeg", both) == "image/jpeg")
    }

    @Test func mediaTypes() {
        let type = MediaType("Multipart/Form-Data; Boundary=\"a\\\"; b\"; x=y")
        #expect(type?.essence == "multipart/form-data")
        #expect(type?.parameters == ["boundary": "a\"; b", "x": "y"])
        // What has to be quoted and often is not.
        for boundary in ["a=b/c:d", "----=_Part_1.2", "=_?", "a'()+_,-./:=?"] {
            #expect(MediaType("multipart/form-data; boundary=\(boundary); x=y")?.parameters["boundary"] == boundary)
        }
        for text in [
            "", "image", "image/", "/png", "image/png/x", "image/png; a", "image/png; a=\"b", "image/png; a=", "image/png; a=b\"c\"",
            "image/png; a=b c",
            "image/png; a=\u{E9}", "a b/c",
        ] {
            #expect(MediaType(text) == nil, "\(text)")
        }
    }

    @Test func lists() {
        #expect(FieldValue.listElements(" a , \"b, c\" ,, d=\"e\\\",\" ") == ["a", "\"b, c\"", "d=\"e\\\",\""])
        #expect(FieldValue.listElements("") == [])
    }

    @Test func queries() throws {
        let items = try QueryItem.parse("a=1&b=%26%3D&c&=d&&e=f=g&a=%C3%A9+x")
        #expect(items.map(\.name) == ["a", "b", "c", "", "e", "a"])
        #expect(items.map(\.value) == ["1", "&=", "", "d", "f=g", "\u{E9} x"])
        for query in ["a=%ff", "a=%", "%00=1", "a=%0"] {
            #expect(throws: QueryError.self) { try QueryItem.parse(query) }
        }
        let most = Array(repeating: "a=1", count: QueryItem.most).joined(separator: "&&")
        #expect(try QueryItem.parse("&\(most)&").count == QueryItem.most)
        #expect(throws: QueryError.self) { try QueryItem.parse("\(most)&a") }
    }

    @Test func paths() {
        func segments(_ path: String) -> [String]? {
            RequestParserTests.head("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")?.target.segments
        }
        #expect(segments("/") == [""])
        #expect(segments("/a//b/") == ["a", "", "b", ""])
        #expect(segments("/%2e%2e/%2F") == ["..", "/"])
        #expect(segments("/%00") == nil)
        #expect(segments("/%ff") == nil)
        // A path of many segments is not taken apart to its end.
        let most = RequestTarget.mostSegments
        let long = segments(String(repeating: "/a", count: most) + "/b/c")
        #expect(long?.count == most + 1 && long?.first == "a" && long?.last == "b/c")
    }

    @Test func headersThatCannotBeInjected() {
        var headers = HTTPHeaders()
        headers.add("X", "a\r\nSet-Cookie: b\0")
        headers["Y"] = "1"
        headers["y"] = "2"
        #expect(headers["x"] == "a  Set-Cookie: b ")
        #expect(headers.values("Y") == ["2"])
    }

    @Test func entityTags() {
        #expect(EntityTag.isNamed("\"a\"", in: ["\"b\"", "W/\"a\""]))
        #expect(EntityTag.isNamed("\"a\"", in: ["*"]))
        #expect(!EntityTag.isNamed("\"a\"", in: ["\"b\"", "a"]))
    }

    @Test func problems() {
        let problem = Problem(
            .contentTooLarge, code: "content_too_large", detail: "a \"quoted\"\n\u{1} line",
            members: [("limit", .integer(5)), ("names", .strings(["a", "b"]))])
        let response = problem.response(requestID: "r1")
        guard case .bytes(let bytes) = response.body else {
            Issue.record("no bytes")
            return
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"type":"about:blank","title":"Content Too Large","status":413,"#
                + #""detail":"a \"quoted\"\n\u0001 line","code":"content_too_large","request_id":"r1","#
                + #""limit":5,"names":["a","b"]}"# + "\n")
        #expect(response.headers["Content-Type"] == "application/problem+json")
    }

    @Test func staticFiles() throws {
        let folder = NSTemporaryDirectory() + "static-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder + "/sub", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("<p>hi".utf8).write(to: URL(fileURLWithPath: folder + "/index.html"))
        try Data("b{}".utf8).write(to: URL(fileURLWithPath: folder + "/sub/a.css"))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: folder + "/.hidden"))
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "/etc/passwd")
        let files = try StaticFiles(folder: folder, headers: ["Content-Security-Policy": "default-src 'self'"])
        #expect(files.paths == ["index.html", "sub/a.css"])
        func get(_ path: String, _ fields: String = "", method: String = "GET") -> Response? {
            RequestParserTests.head("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").flatMap {
                files.response(to: $0)
            }
        }
        let page = try #require(get("/"))
        #expect(page.headers["Content-Type"] == "text/html; charset=utf-8")
        #expect(page.headers["Content-Security-Policy"] == "default-src 'self'")
        let tag = try #require(page.headers["ETag"])
        #expect(get("/index.html", "If-None-Match: \"x\", \(tag)\r\n")?.status == .notModified)
        #expect(get("/sub/a.css")?.headers["Content-Type"] == "text/css; charset=utf-8")
        #expect(get("/sub/a.css")?.headers["ETag"] != tag)
        for path in [
            "/link", "/.hidden", "/../etc/passwd", "/%2e%2e/etc/passwd", "/sub/../index.html", "/sub%2Fa.css",
            "/sub/a.css%00", "//index.html", "/sub", "/sub/", "/index.html/", "/./index.html",
        ] { #expect(get(path) == nil, "\(path)") }
        #expect(get("/", method: "POST") == nil)
        #expect(throws: StaticFiles.Failure.self) { try StaticFiles(folder: folder, limit: 5) }
        #expect(throws: StaticFiles.Failure.self) { try StaticFiles(folder: folder + "/none") }
    }
}
