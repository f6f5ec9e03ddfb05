import Foundation
import HTTP
import Sockets
import Testing

/// Requests and answers on real sockets.
@Suite struct ConnectionTests {
    @Test func answerAsItIsOnTheWire() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let text = String(decoding: client.rest(), as: UTF8.self)
        let date = try #require(text.firstMatch(of: /Date: (\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT)\r\n/)?.1)
        #expect(
            text == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: \(date)\r\nServer: deblur\r\n"
                + "Content-Length: 4\r\nConnection: close\r\n\r\nfine")
    }

    @Test func keepAliveAndHead() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        for _ in 0..<3 {
            client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.text == "fine")
            client.send("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try #require(client.response(toHead: true))
            #expect(head["Content-Length"] == "4")
            #expect(head["Connection"] == nil)
        }
        #expect(server.server.connectionCount == 1)
    }

    @Test func versionOneZero() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let reply = try #require(client.response())
        #expect(reply["Connection"] == "keep-alive")
        client.send("GET /stream/2 HTTP/1.0\r\n\r\n")
        let stream = try #require(client.response())
        #expect(stream["Transfer-Encoding"] == nil)
        #expect(stream.text == "data: 0\n\ndata: 1\n\n")
        #expect(client.isClosed())
    }

    @Test func pipelinedAnswersComeInOrderAndTheGoodOneBeforeTheBad() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send(
            "GET /later/one HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n"
                + "GET /later/two HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a@b\r\n\r\n"
                + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "one")
        #expect(client.response()?.text == "fine")
        #expect(client.response()?.text == "abc")
        #expect(client.response()?.text == "two")
        let bad = try #require(client.response())
        #expect(bad.status == 400)
        #expect(bad["Connection"] == "close")
        #expect(bad["Date"] != nil)
        #expect(bad["Server"] == "deblur")
        #expect(bad["Content-Type"] == "application/problem+json")
        #expect(bad.text.contains("\"code\":\"bad_request\""))
        #expect(bad["X-Request-Id"].map { bad.text.contains("\"request_id\":\"\($0)\"") } == true)
        #expect(client.isClosed())
    }

    @Test func thousandPipelinedRequests() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send(String(repeating: "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000))
        for index in 0..<1000 {
            guard client.response()?.text == "fine" else {
                Issue.record("answer \(index) did not come")
                return
            }
        }
        #expect(server.wait { $0.records.count == 1000 })
    }

    @Test func methodsAndTargets() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        func status(_ line: String, _ fields: String = "") -> Int? {
            client.send("\(line) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            return client.response(toHead: line.hasPrefix("HEAD"))?.status
        }
        #expect(status("OPTIONS *") == 200)
        #expect(status("OPTIONS http://b") == 200)
        #expect(status("OPTIONS /health") == 204)
        #expect(status("BREW /health") == 501)
        #expect(status("get /health") == 501)
        #expect(status("CONNECT a:1") == 501)
        #expect(status("DELETE /health") == 405)
        #expect(status("TRACE /health") == 405)
        #expect(status("QUERY /health") == 405)
        #expect(status("GET /nowhere") == 404)
        #expect(status("HEAD /nowhere") == 404)
        #expect(status("GET /health/") == 404)
        #expect(status("GET /./health") == 404)
        #expect(status("GET http://other/health") == 200)
        #expect(status("GET /health", "Expect: something\r\n") == 417)
        #expect(status("GET /health", "Expect: 100-continue\r\n") == 200)
        client.send("PUT /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?["Allow"] == "GET, HEAD, OPTIONS")
    }

    @Test func answersCannotBreakOutOfTheirHead() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /hostile HTTP/1.1\r\nHost: a\r\n\r\n")
        let reply = try #require(client.response())
        #expect(reply["X-A"] == "1  X-B: 2")
        #expect(reply["X-B"] == nil)
        #expect(reply["Content-Length"] == "0")
        #expect(reply["Connection"] == nil)
        client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
        let none = try #require(client.response())
        #expect(none.status == 204)
        #expect(none["Content-Length"] == nil)
        client.send("GET /forgotten HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.status == 500)
        client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "fine")
    }

    @Test func headOfOneByteAtATime() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        for byte in "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".utf8 {
            client.send([byte])
            usleep(500)
        }
        #expect(client.response()?.text == "hi")
    }

    @Test func largeBodiesBothWays() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
        client.send(body)
        #expect(client.response()?.body == body)
        client.send("GET /large/9000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.body.count == 9_000_000)
        #expect(client.response()?.text == "fine")
    }

    @Test func unixSocketAndIPv6() throws {
        let path = "/tmp/http-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).socket"
        let server = try TestServer {
            $0.hosts = ["127.0.0.1", "::1"]
            $0.unixSocketPath = path
        }
        let addresses = server.server.addresses
        #expect(addresses.count == 3)
        #expect(addresses[0].port == addresses[1].port)
        for address in addresses {
            let client = try Client(address)
            client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.text == "fine", "\(address)")
        }
        #expect(throws: SocketError.self) { try TestServer { $0.unixSocketPath = path } }
        // A socket file that a dead server left behind is replaced.
        let stale = path + "2"
        #expect(Self.leaveSocketFile(stale))
        let second = try TestServer { $0.unixSocketPath = stale }
        second.server.stop()
        #expect(access(stale, F_OK) != 0)
        server.server.stop()
        #expect(access(path, F_OK) != 0)
    }

    /// Binds a Unix socket and closes it without removing its file, as a killed server does.
    private static func leaveSocketFile(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    @Test func probe() throws {
        let server = try TestServer()
        let target = try #require(HTTPProbe.Target("http://\(server.address)/any"))
        let answer = try HTTPProbe.get("/health", from: target)
        #expect(answer.status == 200)
        #expect(answer.body == "fine")
        #expect(try HTTPProbe.get("/none-such", from: target).status == 404)
        server.server.stop()
        #expect(throws: SocketError.self) { try HTTPProbe.get("/health", from: target) }
    }

    @Test(arguments: [
        ("http://a", HTTPProbe.Target.internet(host: "a", port: 80)), ("http://[::1]:81/x", .internet(host: "::1", port: 81)),
        ("unix:/run/x", .unix(path: "/run/x")), ("https://a", nil), ("a:80", nil), ("unix:", nil), ("http://", nil),
        ("unix:" + String(repeating: "a", count: 108), nil),
    ])
    func targetOfAProbe(text: String, target: HTTPProbe.Target?) {
        #expect(HTTPProbe.Target(text) == target)
    }

    @Test func portInUseIsNamed() throws {
        let server = try TestServer()
        let port = try #require(server.address.port)
        do {
            _ = try TestServer { $0.port = port }
            Issue.record("two servers on one port")
        } catch let error as SocketError {
            #expect(error.call == "bind")
            #expect(error.code == EADDRINUSE)
            #expect(error.description.contains("127.0.0.1:\(port)"))
        }
    }

    @Test func recordsTellWhatHappened() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /echo?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        _ = client.response()
        client.send("GET /a<b HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client.rest()
        #expect(server.wait { $0.records.count == 2 })
        let records = server.records
        #expect(records[0].route == "/echo")
        #expect(records[0].target == "/echo?x=1")
        #expect(records[0].status == .ok)
        #expect(records[0].requestBodyBytes == 2)
        #expect(records[0].responseBodyBytes == 2)
        #expect(records[0].outcome == .complete)
        #expect(records[0].remoteHost == "127.0.0.1")
        #expect(records[1].serverProblem == "bad_request")
        #expect(records[1].status == .badRequest)
    }
}
