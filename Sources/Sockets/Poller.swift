import CSystem
import Foundation

/// Tells which sockets can go on (epoll). One thread waits; any thread may wake it.
public final class Poller: Sendable {
    public typealias Event = csystem_event

    /// The token of reports that come from ``wake()`` alone; they are not handed out.
    private static let wakeToken = UInt64.max

    /// Readable while there are events: what a Dispatch source can watch.
    public let descriptor: Int32
    private let wakeDescriptor: Int32

    public init() throws(SocketError) {
        descriptor = csystem_poller()
        guard descriptor >= 0 else { throw SocketError(call: "epoll_create1", code: errno) }
        wakeDescriptor = csystem_eventfd()
        guard wakeDescriptor >= 0, csystem_poller_add(descriptor, wakeDescriptor, Self.wakeToken, false) == 0 else {
            let error = SocketError(call: "eventfd", code: errno)
            Foundation.close(descriptor)
            throw error
        }
    }

    deinit {
        Foundation.close(wakeDescriptor)
        Foundation.close(descriptor)
    }

    /// Reports every change to readiness of a connection, both directions, under the token.
    public func add(_ socket: StreamSocket, token: UInt64) throws(SocketError) {
        guard csystem_poller_add(descriptor, socket.descriptor, token, true) == 0 else {
            throw SocketError(call: "epoll_ctl", code: errno)
        }
    }

    /// Reports waiting connections as long as there are any.
    public func add(_ socket: ListeningSocket, token: UInt64) throws(SocketError) {
        guard csystem_poller_add(descriptor, socket.descriptor, token, false) == 0 else {
            throw SocketError(call: "epoll_ctl", code: errno)
        }
    }

    public func remove(_ socket: ListeningSocket) { _ = csystem_poller_remove(descriptor, socket.descriptor) }

    /// Ends the present or next wait.
    public func wake() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }

    /// Waits and calls `body` for each event.
    ///
    /// - Returns: whether anything came, a wake-up included.
    public func wait(
        _ buffer: UnsafeMutableBufferPointer<Event>, milliseconds: Int, _ body: (Event) -> Void
    ) -> Bool {
        let count = csystem_poller_wait(descriptor, buffer.baseAddress, Int32(buffer.count), Int32(milliseconds))
        for index in 0..<max(Int(count), 0) {
            if buffer[index].token == Self.wakeToken {
                var value: UInt64 = 0
                _ = read(wakeDescriptor, &value, 8)
            } else {
                body(buffer[index])
            }
        }
        return count > 0
    }
}
