import Foundation
import HTTP

/// Sends a file block by block, as fast as the client takes it: what is in memory of it does not depend on its size.
final class FileStream: Sendable {
    private static let block = 64 << 10

    private let file: OpenFile
    private let stream: ResponseStream
    private let queue: OperationQueue

    private init(_ file: OpenFile, _ stream: ResponseStream, _ queue: OperationQueue) {
        self.file = file
        self.stream = stream
        self.queue = queue
    }

    /// Answers an exchange with the whole file. Blocks while it reads.
    static func send(_ file: OpenFile, _ response: Response, _ exchange: Exchange, on queue: OperationQueue) {
        guard let stream = exchange.startStream(response, length: file.bytes) else { return }
        if exchange.head.method == .head { return stream.finish() }
        FileStream(file, stream, queue).send(from: 0)
    }

    private func send(from start: Int) {
        var offset = start
        while offset < file.bytes {
            guard let bytes = try? file.read(at: offset, count: min(Self.block, file.bytes - offset)) else {
                // The announced length is not reached: the client sees that.
                return stream.abort()
            }
            offset += bytes.count
            switch stream.write(bytes) {
            case .accepted: continue
            case .closed: return
            case .full:
                let next = offset
                return stream.onReady { [self] in
                    // On an event loop, which reads no files.
                    queue.addOperation { [self] in send(from: next) }
                }
            }
        }
        stream.finish()
    }
}
