import Foundation
import HTTP
import TestSupport
import Testing

/// The least rate counts over a recent window, and connections over what the process can have.
@Suite struct PaceTests {
    /// Much at first, then a byte now and then: the average over the life of the body would let it go on for minutes.
    @Test func aBodyThatDripsAfterMuchIsEnded() throws {
        let server = try TestServer { $0.timeouts.body = 0.8 }
        let client = try Client(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        client.send([UInt8](repeating: 1, count: 900_000))
        let began = Date()
        let stop = began.addingTimeInterval(8)
        while client.socket.isOpen, Date() < stop, server.log.count("failed timeout") == 0 {
            client.send([1])
            usleep(100_000)
        }
        let seconds = Date().timeIntervalSince(began)
        #expect(client.response()?.status == 408)
        #expect(seconds >= 0.7 && seconds < 6, "\(seconds) s")
    }

    /// Its end follows from its size: one that keeps up the least rate is not let go on for ever.
    @Test func aBodyHasAnEndThatFollowsFromItsSize() throws {
        let server = try TestServer {
            $0.timeouts.body = 0.5
            $0.timeouts.minimumRate = 100
            $0.timeouts.averageRate = 20_000
        }
        let client = try Client(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
        let began = Date()
        // 500 bytes a second: half a second and another half for 10,000 bytes.
        while Date().timeIntervalSince(began) < 8, server.log.count("failed timeout") == 0 {
            client.send([UInt8](repeating: 1, count: 50))
            usleep(100_000)
        }
        let seconds = Date().timeIntervalSince(began)
        #expect(client.response()?.status == 408)
        #expect(seconds >= 0.9 && seconds < 6, "\(seconds) s")
    }

    @Test func aSlowButSteadyBodyIsTaken() throws {
        let server = try TestServer {
            $0.timeouts.body = 0.5
            $0.timeouts.averageRate = 1000
        }
        let client = try Client(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        for _ in 0..<20 {
            client.send([UInt8](repeating: 1, count: 1000))
            usleep(100_000)
        }
        #expect(client.response()?.status == 200)
    }

    /// A drain waits for a body that comes, not for one that does not.
    @Test func aDrainDoesNotWaitForABodyThatDoesNotCome() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
        usleep(100_000)
        let ended = DispatchSemaphore(value: 0)
        let began = Date()
        server.server.drain(within: 60) { ended.signal() }
        #expect(client.response()?.status == 408)
        #expect(client.isClosed())
        #expect(ended.wait(timeout: .now() + Patience.seconds(20)) == .success)
        #expect(Date().timeIntervalSince(began) < 15)
    }

    @Test func connectionsAreFewerThanDescriptors() {
        let usual = ConnectionLimits(maximum: 512, descriptors: 1_048_576)
        #expect(usual.maximum == 512 && usual.most == 1088)
        let few = ConnectionLimits(maximum: 512, descriptors: 64)
        #expect(few.maximum >= 8 && few.most > few.maximum && 2 * few.most + 32 <= 64)
        #expect(ConnectionLimits(maximum: 512, descriptors: 8).maximum >= 1)
        // A lone peer leaves an eighth to others.
        #expect(!usual.isBeyondShare(ofPeer: 448, of: 448))
        #expect(usual.isBeyondShare(ofPeer: 449, of: 449))
        #expect(!usual.isBeyondShare(ofPeer: 1, of: 500))
    }
}
