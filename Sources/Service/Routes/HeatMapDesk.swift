import Deblur
import Digests
import Foundation
import HTTP
import Images
import Synchronization

/// `GET /jobs/{id}/exits` as a picture. Maps are drawn one after the other on a thread of their own, each once for all
/// who wait for it, from the small ground that the job keeps; the last ones are kept with their ETag. A map that nobody
/// waits for any more is not drawn.
final class HeatMapDesk: Sendable {
    /// Maps that may wait to be drawn.
    private static let queueLimit = 64
    /// Bytes of maps that are kept.
    private static let keptBytes = 8 << 20
    /// What one takes to be drawn, about.
    private static let secondsPerMap = 0.1

    private struct Drawing {
        var clients: [ObjectIdentifier: Exchange] = [:]
        let watch = CodecWatch()
    }

    private struct Map {
        let etag: String
        let bytes: [UInt8]
    }

    private struct State {
        var drawings: [String: Drawing] = [:]
        /// The one asked for last is last.
        var kept: [Map] = []
    }

    private let keeper: any JobKeeper
    private let context: ServiceContext
    private let painter: OperationQueue
    private let state = Mutex(State())

    init(keeper: any JobKeeper, context: ServiceContext) {
        self.keeper = keeper
        self.context = context
        painter = OperationQueue()
        painter.name = "heat maps"
        painter.maxConcurrentOperationCount = 1
        painter.qualityOfService = .utility
    }

    /// - Parameters:
    ///   - job: one that has succeeded.
    ///   - subDecoders: K of the model.
    func answer(_ exchange: Exchange, _ job: JobView, subDecoders: Int) {
        let etag = Self.etag(job.record, subDecoders)
        if EntityTag.isNamed(etag, in: exchange.head.headers.list("If-None-Match")) {
            return exchange.respond(Self.response(.notModified, etag, []))
        }
        if let map = kept(etag) { return exchange.respond(Self.response(.ok, etag, map)) }
        exchange.markSlow()
        exchange.onDisconnect { [weak self, id = ObjectIdentifier(exchange)] in self?.leave(etag, id) }
        let (isFirst, watch) = state.withLock { state -> (Bool, CodecWatch?) in
            let isFirst = state.drawings[etag] == nil
            guard !isFirst || state.drawings.count < Self.queueLimit else { return (false, nil) }
            state.drawings[etag, default: Drawing()].clients[ObjectIdentifier(exchange)] = exchange
            return (isFirst, state.drawings[etag]?.watch)
        }
        guard let watch else {
            return context.refuse(
                exchange,
                Problem.queueFull(
                    "Many heat maps wait to be drawn.", limit: Self.queueLimit, actual: Self.queueLimit,
                    retryAfterSeconds: Double(Self.queueLimit) * Self.secondsPerMap))
        }
        // The client may have left before it was written down.
        if exchange.isDisconnected { leave(etag, ObjectIdentifier(exchange)) }
        if isFirst { painter.addOperation { [self] in paint(job.id, etag, subDecoders, watch) } }
    }

    private func leave(_ etag: String, _ client: ObjectIdentifier) {
        let abandoned = state.withLock { state -> CodecWatch? in
            state.drawings[etag]?.clients[client] = nil
            guard let drawing = state.drawings[etag], drawing.clients.isEmpty else { return nil }
            state.drawings[etag] = nil
            return drawing.watch
        }
        abandoned?.cancel()
    }

    private func paint(_ id: JobID, _ etag: String, _ subDecoders: Int, _ watch: CodecWatch) {
        // Everybody has left; who asks anew has a drawing of their own.
        guard state.withLock({ $0.drawings[etag]?.watch === watch }) else { return }
        keeper.exits(of: id, withPreview: true) { [self] exits in
            painter.addOperation { [self] in
                finish(etag, watch, Result { try Self.draw(exits.get(), subDecoders, watch) })
            }
        }
    }

    private func finish(_ etag: String, _ watch: CodecWatch, _ drawn: Result<[UInt8], any Error>) {
        let clients = state.withLock { state -> [Exchange] in
            guard state.drawings[etag]?.watch === watch else { return [] }
            if let bytes = try? drawn.get() { Self.keep(Map(etag: etag, bytes: bytes), in: &state.kept) }
            return Array((state.drawings.removeValue(forKey: etag)?.clients ?? [:]).values)
        }
        for exchange in clients {
            switch drawn {
            case .success(let bytes): exchange.respond(Self.response(.ok, etag, bytes))
            case .failure(let error): context.refuse(exchange, error)
            }
        }
    }

    private static func draw(_ exits: JobExits, _ subDecoders: Int, _ watch: CodecWatch) throws -> [UInt8] {
        let limits = ImageLimits(maxPixels: HeatMapGround.longestSide * HeatMapGround.longestSide)
        let ground = exits.preview.flatMap { try? Image.decode($0.span.bytes, limits: limits, watch: watch) }
        let map = HeatMap(
            photoWidth: exits.record.width, photoHeight: exits.record.height, tiles: exits.tiles, subDecoders: subDecoders)
        let canvas = map.draw(on: ground?.raster)
        let picture = try Raster(width: canvas.width, height: canvas.height, channels: 3, bitDepth: 8)
        for y in 0..<canvas.height {
            picture.withMutableRow(y) { row in
                row.copyBytes(from: canvas.bytes[y * canvas.width * 3..<(y + 1) * canvas.width * 3])
            }
        }
        return try Image(raster: picture).encoded(EncodeOptions(format: .png), watch: watch).bytes
    }

    // MARK: What is kept

    private func kept(_ etag: String) -> [UInt8]? {
        state.withLock { state in
            guard let index = state.kept.firstIndex(where: { $0.etag == etag }) else { return nil }
            let map = state.kept.remove(at: index)
            state.kept.append(map)
            return map.bytes
        }
    }

    private static func keep(_ map: Map, in kept: inout [Map]) {
        guard map.bytes.count <= keptBytes else { return }
        kept.append(map)
        var bytes = kept.reduce(0) { $0 + $1.bytes.count }
        while bytes > keptBytes { bytes -= kept.removeFirst().bytes.count }
    }

    /// Known without drawing: a job's tiles and result do not change.
    private static func etag(_ record: JobRecord, _ subDecoders: Int) -> String {
        let text = "exits \(Version.current) \(record.id) \(record.result?.digest ?? "") \(subDecoders)"
        return "\"\(SHA256.hash(text.utf8).hex.prefix(32))\""
    }

    private static func response(
        _ status: HTTPStatus, _ etag: String, _ map: [UInt8]
    ) -> Response {
        var response = Response(status, headers: ["ETag": etag])
        if status == .ok {
            response.headers.add("Content-Type", "image/png")
            response.body = .bytes(map)
        }
        response.headers.add("Cache-Control", "private, no-cache")
        response.headers.add("Vary", "Accept")
        return response
    }
}
