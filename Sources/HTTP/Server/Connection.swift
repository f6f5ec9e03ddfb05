import Sockets
final class Connection: @unchecked Sendable {
    let remoteAddress: SocketAddress
    let server: HTTPServer
    init(remoteAddress: SocketAddress, server: HTTPServer) { self.remoteAddress = remoteAddress; self.server = server }
    func collectBody(of exchange: Exchange, limit: Int?, _ completion: @escaping @Sendable (Result<[UInt8], BodyFailure>) -> Void) {}
    func respond(_ response: Response, to exchange: Exchange) {}
    func startStream(_ response: Response, for exchange: Exchange) -> ResponseStream { ResponseStream(exchange: exchange) }
    func didMarkSlow(_ exchange: Exchange) {}
    func write(_ bytes: [UInt8], to stream: ResponseStream) {}
    func finish(_ stream: ResponseStream) {}
    func abort(_ stream: ResponseStream) {}
}
