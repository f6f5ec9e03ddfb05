import Foundation
import HTTP
import Testing

/// Bodies that are too large, unwanted, awaited or broken.
@Suite struct BodyTests {
    private static let head = "POST /echo HTTP/1.1\r\nHost: a\r\n"

    @Test func tooLargeIsRefusedBeforeTheBody() throws {
        let server = try TestServer()
        for expect in ["", "Expect: 100-continue\r\n"] {
            let client = try Client(server.address)
            client.send("\(Self.head)\(expect)Content-Length: 2000000\r\n\r\n")
            let reply = try #require(client.response())
            #expect(reply.status == 413)
            #expect(reply["Connection"] == "close")
            #expect(reply.text.contains("\"code\":\"content_too_large\""))
            #expect(reply.text.contains("\"limit\":1048576,\"actual\":2000000"))
        }
        #expect(server.wait { $0.noted("failed tooLarge(limit: 1048576, actual: Optional(2000000))") == 2 })
    }

    /// A client that sends all of a large body before it reads still gets the answer, and not a reset.
    @Test func earlyErrorReachesAClientThatIsStillSending() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("\(Self.head)Content-Length: 20000000\r\n\r\n")
        #expect(client.send([UInt8](repeating: 1, count: 20_000_000)))
        #expect(client.response()?.status == 413)
        #expect(client.isClosed())
        #expect(client.brokenBy == nil)
    }

    @Test func chunkedBeyondTheLimit() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("\(Self.head)Transfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
        for _ in 0..<17 { client.send(chunk) }
        #expect(client.response()?.status == 413)
        #expect(client.isClosed())
    }

    @Test func continueIsSentWhenTheBodyIsWanted() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("\(Self.head)Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.response()?.line == "HTTP/1.1 100 Continue")
        client.send("hi")
        #expect(client.response()?.text == "hi")
        // The body is there already: nothing to wait for.
        client.send("\(Self.head)Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
        #expect(client.response()?.status == 200)
        // HTTP/1.0 does not know it.
        client.send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        usleep(50_000)
        client.send("ho")
        #expect(client.response()?.text == "ho")
    }

    @Test func refusedWhileTheClientWaitsToContinue() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        let reply = try #require(client.response())
        #expect(reply.status == 415)
        #expect(reply["Connection"] == "close")
        #expect(client.isClosed())
    }

    /// A short unwanted body is read past; the connection goes on.
    @Test func shortUnwantedBodyKeepsTheConnection() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        let reply = try #require(client.response())
        #expect(reply.status == 415)
        #expect(reply["Connection"] == nil)
        client.send("67890GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "fine")
        client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        #expect(client.response()?.status == 415)
        client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "fine")
    }

    @Test func longUnwantedBodyEndsTheConnection() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n12345")
        let reply = try #require(client.response())
        #expect(reply.status == 415)
        #expect(reply["Connection"] == "close")
        let chunked = try Client(server.address)
        chunked.send("POST /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n")
        chunked.send(String(repeating: "x", count: 0x20000))
        #expect(chunked.response()?.status == 415)
        #expect(chunked.isClosed())
    }

    /// A success is not given to a message that turns out to be broken.
    @Test func successWaitsForTheWholeMessage() throws {
        let server = try TestServer()
        let good = try Client(server.address)
        good.send("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab")
        usleep(50_000)
        good.send("c\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(good.response()?.text == "ignored")
        #expect(good.response()?.text == "fine")
        let bad = try Client(server.address)
        bad.send("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n")
        #expect(bad.response()?.status == 400)
        #expect(bad.isClosed())
        let badGet = try Client(server.address)
        badGet.send("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n")
        #expect(badGet.response()?.status == 400)
        let long = try Client(server.address)
        long.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        #expect(long.response()?.status == 413)
    }

    @Test func messagesCutShort() throws {
        let server = try TestServer()
        let cuts = [
            "GET /health HTTP/1.1\r\nHost: a\r\n", "GET", "\(Self.head)Content-Length: 5\r\n\r\nhell",
            "\(Self.head)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell",
        ]
        for text in cuts {
            let client = try Client(server.address)
            client.send(text)
            client.socket.shutdownWrite()
            #expect(client.response()?.status == 400, "\(text.debugDescription)")
            #expect(client.isClosed())
        }
        let silent = try Client(server.address)
        silent.socket.shutdownWrite()
        #expect(silent.isClosed())
    }
}
