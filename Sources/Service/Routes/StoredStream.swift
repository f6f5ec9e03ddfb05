import HTTP

/// Sends what is stored piece by piece, as fast as the client takes it: what is in memory of it does not depend on its size.
final class StoredStream: Sendable {
    private static let block = 64 << 10

    private let content: any StoredBytes
    private let stream: ResponseStream

    private init(_ content: any StoredBytes, _ stream: ResponseStream) {
        self.content = content
        self.stream = stream
    }

    /// Answers an exchange with all of it.
    static func send(_ content: any StoredBytes, _ response: Response, _ exchange: Exchange) {
        guard let stream = exchange.startStream(response, length: content.count) else { return }
        if exchange.head.method == .head { return stream.finish() }
        StoredStream(content, stream).send(from: 0)
    }

    private func send(from offset: Int) {
        guard offset < content.count else { return stream.finish() }
        content.read(at: offset, count: min(Self.block, content.count - offset)) { [self] bytes in
            // The announced length is not reached: the client sees that.
            guard let bytes else { return stream.abort() }
            switch stream.write(bytes) {
            case .accepted: send(from: offset + bytes.count)
            case .full: stream.onReady { [self] in send(from: offset + bytes.count) }
            case .closed: return
            }
        }
    }
}
