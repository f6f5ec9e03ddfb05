import Foundation
import HTTP
import Synchronization
import Testing

/// The table of messages and what else has to be seen on a real socket.
@Suite struct WireTests {
    /// Takes everything: reads the body and answers 200.
    private struct Everything: RequestHandler {
        func handle(_ exchange: Exchange) {
            exchange.collectBody { result in
                if case .success = result { exchange.respond(Response(.ok, text: "taken")) }
            }
        }
    }

    /// Each message of the table on a connection of its own, its sending side closed behind it: one answer per request,
    /// then that of the refusal, with Date, Server and `Connection: close`, and then the end.
    @Test func tableOfMessages() throws {
        let server = HTTPServer(configuration: ServerConfiguration(port: 0), handler: Everything())
        try server.start()
        defer { server.stop() }
        for (text, expected) in MessageTable.messages {
            let bytes = Array(text.utf8)
            let verdict = Verdict(bytes)
            var wanted = verdict.lines.indices.compactMap { index -> Int? in
                guard verdict.lines[index].hasPrefix("end ") else { return nil }
                return Self.isOffered(verdict.lines[index - 1]) ? 200 : 501
            }
            // What is cut short is refused too; an empty connection is told nothing.
            if expected != "ok", !bytes.isEmpty { wanted.append(Int(expected) ?? 400) }
            let client = try Client(server.addresses[0])
            client.send(bytes)
            client.socket.shutdownWrite()
            var got: [Int] = []
            while let reply = client.response() {
                got.append(reply.status)
                #expect(reply["Date"] != nil && reply["Server"] == "deblur")
                if reply.status >= 400, reply.status != 501 { #expect(reply["Connection"] == "close") }
            }
            #expect(got == wanted, "\(text.prefix(200).debugDescription)")
            #expect(client.isClosed() && client.brokenBy == nil, "\(text.prefix(200).debugDescription)")
        }
    }

    /// A verdict's line on a head begins with the method.
    private static func isOffered(_ line: String) -> Bool {
        ["GET ", "POST ", "OPTIONS "].contains { line.hasPrefix($0) }
    }

    @Test func closeAnywhereInConnectionEndsIt() throws {
        let server = try TestServer()
        let request = "GET /health HTTP/1.1\r\nHost: a\r\n"
        let forms = [
            "Connection: close\r\n", "Connection: x, Close\r\n", "Connection: keep-alive\r\nConnection: y, close\r\n",
        ]
        for fields in forms {
            let client = try Client(server.address)
            client.send(request + fields + "\r\n" + request + "\r\n")
            #expect(client.response()?["Connection"] == "close", "\(fields)")
            #expect(client.isClosed(), "\(fields)")
        }
    }

    /// Head and body are not sent as two small segments, the second of which would wait for the client's delayed
    /// acknowledgement (40 ms and more, each time). A loaded machine makes some of them late, not all.
    @Test(arguments: [100, 20_000, 300_000])
    func answersDoNotWaitForAcknowledgements(_ size: Int) throws {
        let server = try TestServer()
        let client = try Client(server.address)
        var best = Double.infinity
        for _ in 0..<20 {
            let start = Date()
            client.send("GET /large/\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.body.count == size)
            best = min(best, Date().timeIntervalSince(start))
        }
        #expect(best < 0.03, "the fastest of 20 took \(best) s")
    }

    /// Thousands of the smallest chunks are one body; nothing is kept per chunk.
    @Test func tinyChunks() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        let body: [UInt8] = (0..<10_000).map { UInt8(32 + $0 % 90) }
        var chunks: [UInt8] = []
        for byte in body { chunks += Array("1\r\n".utf8) + [byte, 0x0D, 0x0A] }
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(chunks + Array("0\r\n\r\n".utf8))
        #expect(client.response()?.body == body)
    }
}
