import Foundation
import HTTP
import Images
import Synchronization

/// `GET /jobs/{id}/exits` as a picture: decodes the result, draws, encodes; with memory of its own, on the codec
/// threads.
final class HeatMapRequest: Sendable {
    private let exchange: Exchange
    private let job: Job
    private let store: JobStore
    private let engine: Engine
    private let context: RequestContext
    private let wait = Mutex<MemoryWait?>(nil)

    init(_ exchange: Exchange, _ job: Job, _ jobs: JobRunner, _ engine: Engine, _ context: RequestContext) {
        self.exchange = exchange
        self.job = job
        store = jobs.store
        self.engine = engine
        self.context = context
    }

    func start() {
        let record = job.record
        let bytes = record.workBytes + (record.result?.bytes ?? 0) + HeatMap.bytes
        exchange.onDisconnect { [weak self] in self?.wait.withLock { $0.take() }?.withdraw() }
        let waiting = engine.memory.reserveImage(bytes) { [self] result in
            store.disk.addOperation { [self] in
                guard !exchange.isDisconnected else { return }
                do { try read(result.get()) } catch let refusal as MemoryBudget.Refusal {
                    context.refuse(exchange, engine.problem(for: refusal))
                } catch {
                    context.refuse(exchange, error)
                }
            }
        }
        wait.withLock { $0 = waiting }
    }

    private func read(_ memory: MemoryReservation) throws {
        let tiles = try store.tiles(of: job)
        let file = try store.result(of: job)
        let bytes = try file.read(at: 0, count: file.bytes)
        engine.codecs.addOperation { [self] in
            do { try draw(bytes, tiles) } catch { context.refuse(exchange, error) }
            withExtendedLifetime(memory) {}
        }
    }

    private func draw(_ bytes: [UInt8], _ tiles: [JobTile]) throws {
        let photo = try Image.decode(bytes.span.bytes, limits: engine.limits)
        let canvas = HeatMap(tiles: tiles, subDecoders: engine.model.subDecoders).draw(on: photo.raster)
        let picture = try Raster(width: canvas.width, height: canvas.height, channels: 3, bitDepth: 8)
        for y in 0..<canvas.height {
            picture.withMutableRow(y) { row in
                row.copyBytes(from: canvas.bytes[y * canvas.width * 3..<(y + 1) * canvas.width * 3])
            }
        }
        var response = try Response(
            .ok, contentType: "image/png", Image(raster: picture).encode(EncodeOptions(format: .png)))
        response.headers.add("Cache-Control", "private, no-cache")
        response.headers.add("Vary", "Accept")
        exchange.respond(response)
    }
}
