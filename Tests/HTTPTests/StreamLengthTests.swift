import Foundation
import HTTP
import Sockets
import Testing

/// Streams that announce their length.
struct StreamLengthTests {
    private func server() throws -> (HTTPServer, SocketAddress) {
        var router = Router()
        // `/said/written`: announces one number of bytes and writes another.
        router.add(.get, "/{said}/{written}") { exchange, numbers in
            let (said, written) = (Int(numbers["said"] ?? "") ?? 0, Int(numbers["written"] ?? "") ?? 0)
            guard let stream = exchange.startStream(Response(.ok), length: said) else { return }
            DispatchQueue.global().async {
                for start in stride(from: 0, to: written, by: 1000) {
                    stream.write([UInt8](repeating: 0x2A, count: min(1000, written - start)))
                }
                stream.finish()
            }
        }
        let server = HTTPServer(configuration: ServerConfiguration(port: 0), handler: router)
        try server.start()
        return (server, server.addresses[0])
    }

    @Test(arguments: [0, 1, 1000, 300_000])
    func theLengthFramesTheContent(count: Int) throws {
        let (server, address) = try server()
        defer { server.stop() }
        let client = try Client(address)
        for method in ["GET", "HEAD", "GET"] {
            client.send("\(method) /\(count)/\(count) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try #require(client.response(toHead: method == "HEAD"))
            #expect(answer["Content-Length"] == String(count))
            #expect(answer["Transfer-Encoding"] == nil && answer["Connection"] == nil)
            #expect(answer.body.count == (method == "HEAD" ? 0 : count))
        }
        // HTTP/1.0 knows no chunks, but lengths.
        client.send("GET /\(count)/\(count) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let old = try #require(client.response())
        #expect(old["Connection"] == "keep-alive" && old.body.count == count)
    }

    @Test(arguments: [(10, 9), (10, 0), (9, 10), (0, 5000)])
    func anotherNumberOfBytesEndsTheConnection(said: Int, written: Int) throws {
        let (server, address) = try server()
        defer { server.stop() }
        let client = try Client(address)
        client.send("GET /\(said)/\(written) HTTP/1.1\r\nHost: a\r\n\r\n")
        // Never more than was announced: the rest would be taken for the next answer.
        let bytes = client.rest()
        let body = bytes.firstRange(of: Array("\r\n\r\n".utf8)).map { bytes.count - $0.upperBound } ?? 0
        #expect(body <= said && client.isAtEnd)
    }
}
