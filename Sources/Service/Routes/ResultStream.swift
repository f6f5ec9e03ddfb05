import Dispatch
import Foundation
import HTTP
import Images
import Synchronization

/// Sends a result as fast as its client takes it. Until it has gone it counts against the memory budget; a client that
/// is slow gets it from a file instead.
final class ResultStream: Sendable {
    /// Results up to this size are handed over as a whole; most sockets take that at once.
    static let wholeLimit = 256 << 10
    /// Bytes that are read of a file at a time, and that are handed over of a result in memory: there each piece costs a
    /// change of threads, and the result is accounted for anyway.
    private static let block = 64 << 10
    private static let memoryBlock = 1 << 20
    /// How long a result stays in memory for its client's sake.
    private static let patienceSeconds = 2.0

    private struct State {
        /// Nil once it lies in a file.
        var image: EncodedImage?
        var memory: MemoryReservation?
        var file: ParkedFile?
        /// Where the file begins in the result.
        var fileStart = 0
        /// Bytes that were handed over.
        var offset = 0
        var isParking = false
        /// The client waits for the parking to end.
        var isHeld = false
    }

    /// What is to be done next.
    private enum Step {
        case write([UInt8])
        case read(ParkedFile, at: Int, count: Int)
        case hold
        case finish
    }

    private let count: Int
    private let stream: ResponseStream
    private let parking: ParkedResults
    private let state: Mutex<State>

    private init(
        _ image: EncodedImage, _ memory: MemoryReservation?, _ stream: ResponseStream, _ parking: ParkedResults
    ) {
        count = image.count
        self.stream = stream
        self.parking = parking
        state = Mutex(State(image: image, memory: memory))
    }

    /// Answers with the image.
    ///
    /// - Parameter memory: of the image; held for as long as it is in memory.
    static func send(
        _ image: EncodedImage, holding memory: MemoryReservation?, _ response: Response, _ exchange: Exchange,
        parking: ParkedResults
    ) {
        if image.count <= wholeLimit {
            var response = response
            response.body = .bytes(image.bytes)
            response.held = memory
            return exchange.respond(response)
        }
        guard let stream = exchange.startStream(response, length: image.count) else { return }
        let result = ResultStream(image, memory, stream, parking)
        memory?.follow(total: image.count) { stream.abort() }
        DispatchQueue.global().asyncAfter(deadline: .now() + patienceSeconds) { [weak result] in
            guard let result else { return }
            parking.disk.addOperation { result.park() }
        }
        result.pump()
    }

    /// Hands over blocks until the client is slower. One pump at a time: whoever is held, or waits, pumps later.
    private func pump() {
        while true {
            switch next() {
            case .hold: return
            case .finish: return stream.finish()
            case .write(let bytes):
                guard write(bytes) else { return }
            case .read(let file, let offset, let count):
                guard let bytes = file.read(at: offset, count: count) else { return stream.abort() }
                guard write(bytes) else { return }
            }
        }
    }

    private func next() -> Step {
        state.withLock { state in
            if state.isParking {
                state.isHeld = true
                return .hold
            }
            let size = min(state.file == nil ? Self.memoryBlock : Self.block, count - state.offset)
            guard size > 0 else { return .finish }
            defer { state.offset += size }
            if let file = state.file { return .read(file, at: state.offset - state.fileStart, count: size) }
            guard let image = state.image else { return .finish }
            let start = state.offset
            return .write(image.withUnsafeBytes { Array($0[start..<start + size]) })
        }
    }

    /// False when the client is gone, or will say when it has caught up.
    private func write(_ bytes: [UInt8]) -> Bool {
        let result = stream.write(bytes)
        let (memory, isInFile, offset) = state.withLock { ($0.memory, $0.file != nil, $0.offset) }
        memory?.moved(to: offset - stream.pendingBytes)
        switch result {
        case .accepted: return true
        case .closed: return false
        case .full:
            stream.onReady { [self] in
                // On an event loop, which reads no files.
                if isInFile { parking.disk.addOperation { [self] in pump() } } else { pump() }
            }
            return false
        }
    }

    /// Brings what has not been handed over to a file, where there is room; else it stays. Blocks.
    private func park() {
        let rest = state.withLock { state -> (EncodedImage, Int)? in
            guard let image = state.image, count - state.offset > Self.block, !stream.isClosed else { return nil }
            state.isParking = true
            return (image, state.offset)
        }
        guard let (image, start) = rest else { return }
        let file = try? image.withUnsafeBytes { bytes throws(ParkedResults.Failure) in
            try parking.park(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        }
        // Given back outside the lock.
        let (isHeld, freed) = state.withLock { state in
            defer { (state.isParking, state.isHeld) = (false, false) }
            guard let file else { return (state.isHeld, nil as (EncodedImage?, MemoryReservation?)?) }
            (state.file, state.fileStart) = (file, start)
            defer { (state.image, state.memory) = (nil, nil) }
            return (state.isHeld, (state.image, state.memory))
        }
        withExtendedLifetime(freed) {}
        if isHeld { pump() }
    }
}
