import Foundation
import HTTP
import Sockets
import Synchronization
import TestSupport

/// A server on a free port of 127.0.0.1 with a few routes, and what it told its hooks.
final class TestServer: Sendable {
    let server: HTTPServer
    let log: Log

    /// What the server's hooks and the routes' callbacks leave behind.
    final class Log: Sendable {
        let records = Mutex<[AnswerRecord]>([])
        private let words = Mutex<[String]>([])

        func note(_ word: String) { words.withLock { $0.append(word) } }
        func count(_ word: String) -> Int { words.withLock { $0.filter { $0 == word }.count } }
    }

    var address: SocketAddress { server.addresses[0] }

    init(_ configure: (inout ServerConfiguration) -> Void = { _ in }) throws {
        var configuration = ServerConfiguration(port: 0)
        configure(&configuration)
        let log = Log()
        var router = Router()
        router.add(.get, "/health", always: true) { exchange, _ in exchange.respond(Response(.ok, text: "fine")) }
        router.add(.get, "/large/{bytes}") { exchange, parameters in
            let count = Int(parameters["bytes"] ?? "") ?? 0
            exchange.respond(
                Response(.ok, contentType: "application/octet-stream", [UInt8](repeating: 0x2A, count: count)))
        }
        router.add(.get, "/later/{name}") { exchange, parameters in
            DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) {
                exchange.respond(Response(.ok, text: parameters["name"] ?? ""))
            }
        }
        router.add(.get, "/hostile") { exchange, _ in
            exchange.respond(
                Response(.ok, headers: ["X-A": "1\r\nX-B: 2", "Content-Length": "99", "Connection": "upgrade"]))
        }
        router.add(.get, "/none") { exchange, _ in
            exchange.respond(Response(.noContent, contentType: "text/plain", Array("never sent".utf8)))
        }
        router.add(.get, "/forgotten") { _, _ in }
        router.add(.post, "/echo") { exchange, _ in
            exchange.collectBody(limit: 1 << 20) { result in
                switch result {
                case .success(let bytes):
                    DispatchQueue.global().async { exchange.respond(Response(.ok, contentType: "x/y", bytes)) }
                case .failure(let failure): log.note("failed \(failure)")
                }
            }
        }
        router.add(.post, "/refuse") { exchange, _ in
            exchange.refuse(Problem(.unsupportedMediaType, code: "unsupported_media_type", detail: "No."))
        }
        router.add(.post, "/ignore") { exchange, _ in exchange.respond(Response(.ok, text: "ignored")) }
        router.add(.post, "/slow") { exchange, _ in
            exchange.markSlow()
            exchange.onDisconnect { log.note("gone") }
            exchange.collectBody { result in
                log.note("collected")
                DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
                    log.note("done")
                    exchange.respond(Response(.ok, text: "slow"))
                }
            }
        }
        router.add(.get, "/stream/{count}") { exchange, parameters in
            exchange.onDisconnect { log.note("gone") }
            let head = Response(.ok, headers: ["Content-Type": "text/event-stream"])
            guard let stream = exchange.startStream(head) else { return }
            Self.tick(stream, 0, Int(parameters["count"] ?? "") ?? 0, log)
        }
        router.add(.get, "/flood") { exchange, _ in
            guard let stream = exchange.startStream(Response(.ok)) else { return }
            Self.flood(stream, 0, log)
        }
        let server = HTTPServer(
            configuration: configuration,
            hooks: ServerHooks(didAnswer: { record in log.records.withLock { $0.append(record) } }), handler: router)
        self.server = server
        self.log = log
        try server.start()
    }

    deinit { server.stop() }

    private static func tick(_ stream: ResponseStream, _ index: Int, _ count: Int, _ log: Log) {
        guard index < count else { return stream.finish() }
        if stream.write(Array("data: \(index)\n\n".utf8)) == .closed { return log.note("closed") }
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.03) { tick(stream, index + 1, count, log) }
    }

    /// 8 MiB in pieces of 64 KiB, as fast as the client takes them; notes the most that ever waited.
    private static func flood(_ stream: ResponseStream, _ index: Int, _ log: Log) {
        guard index < 128 else { return stream.finish() }
        let result = stream.write([UInt8](repeating: UInt8(index), count: 64 << 10))
        // One piece beyond the mark, and the chunks' own lines.
        if stream.pendingBytes > ResponseStream.highWater + (65 << 10) { log.note("too much waits") }
        if result == .full {
            stream.onReady { flood(stream, index + 1, log) }
        } else {
            DispatchQueue.global().async { flood(stream, index + 1, log) }
        }
    }

    /// Waits until something holds, at most for some seconds.
    func wait(_ seconds: Double = Patience.seconds(5), until condition: (TestServer) -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if condition(self) { return true }
            usleep(5000)
        }
        return condition(self)
    }

    func noted(_ word: String) -> Int { log.count(word) }

    var records: [AnswerRecord] { log.records.withLock { $0 } }
}
