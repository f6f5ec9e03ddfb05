import Synchronization
import Tiles

/// How long the steps of a tile take, as measured lately: for deadlines and for the estimate of a dry run.
final class StepDurations: Sendable {
    private struct Means {
        var encoder = 0.0
        var subDecoder = 0.0
        var rest = 0.0
    }

    private let means = Mutex(Means())

    /// A new measurement counts a tenth.
    func record(_ stage: TileStage, seconds: Double) {
        means.withLock { means in
            switch stage {
            case .encoder: Self.fade(&means.encoder, seconds)
            case .subDecoder: Self.fade(&means.subDecoder, seconds)
            case .head: Self.fade(&means.rest, seconds)
            case .read, .imageEncoder, .features, .blend: break
            }
        }
    }

    /// Seconds of a whole tile that leaves at that depth; nil as long as nothing was measured.
    func seconds(toDepth depth: Int) -> Double? {
        means.withLock { means in
            guard means.encoder > 0, means.subDecoder > 0 else { return nil }
            return depth == 0 ? means.encoder : means.encoder + Double(depth) * means.subDecoder + means.rest
        }
    }

    private static func fade(_ mean: inout Double, _ seconds: Double) {
        mean = mean == 0 ? seconds : 0.9 * mean + 0.1 * seconds
    }
}

/// Lets tiles leave early so that an answer comes in time.
struct Deadline: Sendable {
    /// Seconds from the image's admission to the end of its last tile.
    let seconds: Double
    let tilesAtOnce: Int
    let durations: StepDurations

    /// Kept for what follows the last tile, and for what the estimates miss.
    private static let reserve = 0.1

    /// The deepest exit at which this tile, and those of its image that follow, still end in time. Before anything has
    /// been measured the first tiles go no deeper than one sub-decoder.
    func depth(for request: DepthRequest) -> Int {
        let left = seconds * (1 - Self.reserve) - request.secondsSinceEnqueued
        guard left > 0 else { return 0 }
        let rounds = (Double(request.waiting + 1) / Double(tilesAtOnce)).rounded(.up)
        for depth in stride(from: request.subDecoders, through: 1, by: -1) {
            guard let tile = durations.seconds(toDepth: depth) else { return 1 }
            if tile * rounds <= left { return depth }
        }
        return 0
    }
}
