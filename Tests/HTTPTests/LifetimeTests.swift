import Foundation
import HTTP
import Testing

/// Time limits, clients that leave, limits on connections, and the server's end.
@Suite struct LifetimeTests {
    @Test func slowHeadsAndBodies() throws {
        let server = try TestServer {
            $0.timeouts.header = 0.3
            $0.timeouts.body = 0.3
            $0.timeouts.idle = 0.4
            $0.timeouts.linger = 0.4
        }
        let silent = try Client(server.address)
        let head = try Client(server.address)
        let trickle = try Client(server.address)
        let body = try Client(server.address)
        let drip = try Client(server.address)
        head.send("GET /health HTTP/1.1\r\nHos")
        body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell")
        drip.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
        trickle.send("GET /health HTTP/1.1\r\nHost: a\r\n")
        // A byte now and then gains no time.
        for _ in 0..<12 {
            usleep(50_000)
            trickle.send("X: y\r\n")
            drip.send("x")
        }
        for client in [head, trickle, body, drip] {
            let reply = client.response()
            #expect(reply?.status == 408)
            #expect(reply?["Connection"] == "close")
            #expect(reply?.text.contains("\"code\":\"request_timeout\"") == true)
            #expect(client.isClosed())
        }
        #expect(silent.isClosed())
        #expect(server.wait { $0.noted("failed timeout") == 2 })
        let idle = try Client(server.address)
        idle.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(idle.response()?.status == 200)
        #expect(idle.isClosed())
        #expect(server.wait { $0.server.connectionCount == 0 })
    }

    /// A client that takes nothing of its answer is cut, and nothing is kept for it; others are not disturbed.
    @Test func slowReaders() throws {
        let server = try TestServer { $0.timeouts.write = 0.4 }
        let slow = try Client(server.address)
        slow.send("GET /large/60000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        let other = try Client(server.address)
        other.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(other.response()?.text == "fine")
        #expect(server.wait { $0.records.contains { $0.outcome == .clientGone } })
        #expect(server.records.last { $0.outcome == .clientGone }?.status == .ok)
        // Whatever had reached the client, and then no orderly end.
        #expect(slow.response() == nil)
        #expect(slow.brokenBy == ECONNRESET)
    }

    @Test func slowWorkNoticesThatItsClientHasGone() throws {
        let server = try TestServer()
        let request = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        // Closed, half-closed, reset, and closed in the same breath.
        let closed = try Client(server.address)
        closed.send(request)
        let half = try Client(server.address)
        half.send(request)
        let reset = try Client(server.address)
        reset.send(request)
        #expect(server.wait { $0.noted("collected") == 3 })
        #expect(server.noted("gone") == 0)
        closed.socket.close()
        half.socket.shutdownWrite()
        var linger = Foundation.linger(l_onoff: 1, l_linger: 0)
        setsockopt(reset.socket.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        reset.socket.close()
        let start = Date()
        #expect(server.wait { $0.noted("gone") == 3 })
        #expect(Date().timeIntervalSince(start) < 0.5)
        #expect(half.isClosed())
        let hasty = try Client(server.address)
        hasty.send(request)
        hasty.socket.shutdownWrite()
        #expect(server.wait { $0.noted("gone") == 4 })
        // Late answers fall on the floor.
        #expect(server.wait { $0.noted("done") == 4 })
        #expect(server.records.allSatisfy { $0.outcome == .clientGone && $0.status == nil })
        #expect(server.server.connectionCount == 0)
    }

    @Test func slowWorkThatIsWaitedForIsAnswered() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        #expect(client.response()?.text == "slow")
        #expect(server.noted("gone") == 0)
    }

    /// A closed sending side is no reason not to answer short requests, pipelined ones included.
    @Test func halfCloseStillGetsItsAnswers() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /later/x HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        client.socket.shutdownWrite()
        #expect(client.response()?.text == "x")
        #expect(client.response()?.text == "fine")
        #expect(client.isClosed())
        let large = try Client(server.address)
        large.send("GET /large/5000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        large.socket.shutdownWrite()
        #expect(large.response()?.body.count == 5_000_000)
    }

    @Test func streams() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /stream/3 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        let reply = try #require(client.response())
        #expect(reply["Transfer-Encoding"] == "chunked")
        #expect(reply.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n")
        #expect(client.response()?.text == "fine")
        client.send("HEAD /stream/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response(toHead: true)?.status == 200)
        #expect(client.response()?.text == "fine")
        let leaver = try Client(server.address)
        leaver.send("GET /stream/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        usleep(100_000)
        leaver.socket.close()
        #expect(server.wait { $0.noted("gone") == 1 && $0.noted("closed") == 1 })
    }

    @Test func streamsWaitForTheirReader() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        usleep(200_000)
        let reply = try #require(client.response())
        #expect(reply.body.count == 128 * (64 << 10))
        #expect(reply.body.last == 127)
        #expect(server.noted("too much waits") == 0)
    }

    @Test func beyondTheConnectionLimitHealthIsServed() throws {
        let server = try TestServer { $0.maximumConnections = 3 }
        let clients = try (0..<3).map { _ in try Client(server.address) }
        for client in clients {
            client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.status == 200)
        }
        let refused = try Client(server.address)
        refused.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        let reply = try #require(refused.response())
        #expect(reply.status == 503)
        #expect(reply["Retry-After"] == "1")
        #expect(reply.text.contains("\"code\":\"too_many_connections\""))
        let health = try Client(server.address)
        health.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(health.response()?.status == 200)
        // Those within the limit go on.
        clients[0].send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        #expect(clients[0].response()?.text == "hi")
    }

    /// A flood of silent connections is held to twice the limit, and health gets through.
    @Test func floodOfConnections() throws {
        let server = try TestServer { $0.maximumConnections = 2 }
        let flood = try (0..<150).map { _ in try Client(server.address) }
        #expect(server.wait { $0.server.connectionCount >= 40 })
        let health = try Client(server.address)
        health.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(health.response()?.status == 200)
        #expect(server.server.connectionCount <= 68)
        for client in flood { client.socket.close() }
        health.socket.close()
        #expect(server.wait { $0.server.connectionCount == 0 })
    }

    /// The same against clients that send half a head, or are refused and then neither read nor close: such connections
    /// are given up long before their time limits (a minute each), which would shut health out for as long.
    @Test(arguments: ["GET /health HTTP/1.1\r\nHos", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"])
    func floodOfBusyConnections(_ text: String) throws {
        let server = try TestServer {
            $0.maximumConnections = 2
            ($0.timeouts.header, $0.timeouts.body, $0.timeouts.linger) = (60, 60, 60)
        }
        let flood = try (0..<300).map { _ in
            let client = try Client(server.address)
            client.send(text)
            return client
        }
        #expect(server.wait { $0.server.connectionCount >= 40 })
        let start = Date()
        let health = try Client(server.address, timeout: 60)
        health.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(health.response()?.status == 200)
        #expect(Date().timeIntervalSince(start) < 30)
        for client in flood { client.socket.close() }
        health.socket.close()
        #expect(server.wait { $0.server.connectionCount == 0 })
    }

    /// Health answers though every thread of the global queues is busy.
    @Test func loopsDoNotWaitForOtherQueues() throws {
        let server = try TestServer()
        let release = DispatchSemaphore(value: 0)
        for _ in 0..<100 { DispatchQueue.global().async { release.wait() } }
        defer { for _ in 0..<100 { release.signal() } }
        let client = try Client(server.address, timeout: 2)
        client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "fine")
    }

    @Test func drainFinishesWhatRuns() throws {
        let server = try TestServer()
        let idle = try Client(server.address)
        idle.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(idle.response()?["Connection"] == nil)
        let running = try Client(server.address)
        running.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        #expect(server.wait { $0.noted("collected") == 1 })
        let log = server.log
        server.server.drain(within: 10) { log.note("empty") }
        #expect(idle.isClosed())
        #expect(server.wait { (try? Client($0.address)) == nil })
        #expect(server.noted("empty") == 0)
        let reply = try #require(running.response())
        #expect(reply.text == "slow")
        #expect(reply["Connection"] == "close")
        running.socket.close()
        #expect(server.wait { $0.noted("empty") == 1 })
        #expect(server.noted("gone") == 0)
    }

    @Test func drainCutsAtItsDeadline() throws {
        let server = try TestServer()
        let running = try Client(server.address)
        running.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        #expect(server.wait { $0.noted("collected") == 1 })
        let log = server.log
        server.server.drain(within: 0.1) { log.note("empty") }
        #expect(server.wait { $0.noted("empty") == 1 && $0.noted("gone") == 1 })
        #expect(server.records.last?.outcome == .cut)
        #expect(running.isClosed())
    }

    /// Clients of all kinds that leave at once leave nothing open.
    @Test func everyConnectionEnds() throws {
        let server = try TestServer()
        for round in 0..<200 {
            let client = try Client(server.address)
            switch round % 4 {
            case 0: client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            case 1: client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            case 2: client.send("rubbish\r\n\r\n")
            default: break
            }
            client.socket.close()
        }
        #expect(server.wait { $0.server.connectionCount == 0 })
    }
}
