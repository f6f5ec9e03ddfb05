import Synchronization
import Tiles

/// Adds up what the scheduler tells.
final class TallyObserver: TileObserver {
    struct Tally {
        var exits: [Int?: Int] = [:]
        var anomalies = 0
        var waits: [Double] = []
        var stages: [TileStage: Int] = [:]
        var seconds: [TileStage: Double] = [:]
        var cancelled: [CancelledStage: Int] = [:]
        var negativeSeconds = 0
    }

    private let state = Mutex(Tally())

    var tally: Tally { state.withLock { $0 } }

    func tileFinished(_ tile: TileRecord) {
        state.withLock { tally in
            tally.exits[tile.exit, default: 0] += 1
            if tile.anomaly != nil { tally.anomalies += 1 }
        }
    }

    func queueWaited(seconds: Double) {
        state.withLock { $0.waits.append(seconds) }
    }

    func stageFinished(_ stage: TileStage, seconds: Double) {
        state.withLock { tally in
            tally.stages[stage, default: 0] += 1
            tally.seconds[stage, default: 0] += seconds
            if seconds < 0 { tally.negativeSeconds += 1 }
        }
    }

    func cancelled(at stage: CancelledStage, secondsToIdle: Double) {
        state.withLock { tally in
            tally.cancelled[stage, default: 0] += 1
            if secondsToIdle < 0 { tally.negativeSeconds += 1 }
        }
    }
}
