import CSystem
import Foundation
import Synchronization

/// A connected stream socket. The descriptor is closed once, by ``close()`` or with the object.
public final class StreamSocket: Sendable {
    /// What became of a read or write. Not thrown: on non-blocking sockets nothing here is exceptional.
    public enum Outcome: Sendable, Equatable {
        /// That many bytes, at least one.
        case bytes(Int)
        /// The peer has closed its sending side (reads only).
        case end
        /// Nothing now; try again when the poller says so.
        case wouldBlock
        /// The connection is broken, with the error number.
        case failed(Int32)
    }

    private let handle: Atomic<Int32>

    /// Takes over the descriptor.
    init(descriptor: Int32) { handle = Atomic(descriptor) }

    deinit { close() }

    /// -1 once closed.
    public var descriptor: Int32 { handle.load(ordering: .relaxed) }

    public var isOpen: Bool { descriptor >= 0 }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// Writes from both buffers with one call, so that small answers travel in one segment.
    public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer? = nil) -> Outcome {
        while true {
            let count = csystem_send(
                descriptor, first.baseAddress, first.count, second?.baseAddress, second?.count ?? 0)
            if count >= 0 { return .bytes(count) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// Closes the sending side: the peer sees the end of the stream and can still send.
    public func shutdownWrite() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes ``close()`` reset the connection: the kernel then forgets at once what it holds for a peer that does not
    /// take it. After a usual close it goes on offering that, for as long as the peer takes a byte now and then.
    public func resetWhenClosed() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    public func close() {
        let descriptor = handle.exchange(-1, ordering: .relaxed)
        if descriptor >= 0 { Foundation.close(descriptor) }
    }
}
