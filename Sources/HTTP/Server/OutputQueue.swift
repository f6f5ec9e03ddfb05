import Foundation
import Sockets

/// Bytes on their way to a client, in order. Heads and small bodies are gathered into one buffer, so that they go out
/// in one segment; large bodies are kept as they are.
struct OutputQueue {
    /// Bodies up to this size are copied behind their head.
    static let copyLimit = 16 << 10

    /// A body, and what is kept until it is gone.
    private struct Segment {
        var body: Response.Body
        var held: (any Sendable)?
        var count: Int { body.count }
    }

    private var segments: [Segment] = []
    /// Comes after all segments.
    private var buffer: [UInt8] = []
    /// Bytes of the first segment (or of the buffer) that have gone.
    private var offset = 0
    /// Bytes that wait.
    private(set) var count = 0
    /// Bytes that the system has taken so far.
    private(set) var sent: UInt64 = 0

    var isEmpty: Bool { count == 0 }

    /// The position behind the last byte, in terms of ``sent``.
    var end: UInt64 { sent + UInt64(count) }

    mutating func append(_ body: (inout [UInt8]) -> Void) {
        let before = buffer.count
        body(&buffer)
        count += buffer.count - before
    }

    mutating func append(_ body: Response.Body, holding held: (any Sendable)? = nil) {
        switch body {
        case .empty: return
        case .bytes(let bytes) where bytes.count <= Self.copyLimit: buffer.append(contentsOf: bytes)
        case .data(let data) where data.count <= Self.copyLimit: buffer.append(contentsOf: data)
        case .bytes, .data:
            if !buffer.isEmpty {
                segments.append(Segment(body: .bytes(buffer)))
                // The offset into the buffer becomes the offset into the first segment.
                buffer = []
            }
            segments.append(Segment(body: body, held: held))
        }
        count += body.count
    }

    mutating func removeAll() { self = OutputQueue() }

    /// Hands over as much as the socket takes.
    mutating func flush(to socket: StreamSocket) -> StreamSocket.Outcome {
        while count > 0 {
            let outcome: StreamSocket.Outcome
            if segments.isEmpty {
                outcome = buffer.withUnsafeBytes { socket.write(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
            } else {
                outcome = Self.withBytes(of: segments[0].body) { first in
                    let first = UnsafeRawBufferPointer(rebasing: first[offset...])
                    return Self.withBytes(of: segments.count > 1 ? segments[1].body : .bytes(buffer)) {
                        socket.write(first, $0)
                    }
                }
            }
            guard case .bytes(let written) = outcome else { return outcome }
            advance(by: written)
        }
        return .bytes(0)
    }

    private mutating func advance(by written: Int) {
        count -= written
        sent += UInt64(written)
        offset += written
        var used = 0
        while used < segments.count, offset >= segments[used].count {
            offset -= segments[used].count
            used += 1
        }
        if used > 0 { segments.removeFirst(used) }
        if segments.isEmpty, offset == buffer.count {
            offset = 0
            // A large answer's memory is not kept for the sake of small ones.
            buffer.removeAll(keepingCapacity: buffer.capacity <= 2 * Self.copyLimit)
        }
    }

    private static func withBytes<R>(of body: Response.Body, _ use: (UnsafeRawBufferPointer) -> R) -> R {
        switch body {
        case .empty: use(UnsafeRawBufferPointer(start: nil, count: 0))
        case .bytes(let bytes): bytes.withUnsafeBytes(use)
        case .data(let data): data.withUnsafeBytes(use)
        }
    }
}
