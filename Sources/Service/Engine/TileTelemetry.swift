import Metrics
import Tiles

/// Turns what the scheduler does into metrics and into the durations that estimates are made of.
final class TileTelemetry: TileObserver {
    private let metrics: ServiceMetrics
    private let durations: StepDurations

    init(metrics: ServiceMetrics, durations: StepDurations) {
        self.metrics = metrics
        self.durations = durations
    }

    func tileFinished(_ tile: TileRecord) {
        if tile.anomaly != nil { metrics.anomalies.add() }
        // A dry run restores nothing.
        guard let exit = tile.exit else { return }
        metrics.tiles(String(exit)).add()
        metrics.tileSeconds(String(exit)).observe(tile.milliseconds / 1e3)
    }

    func queueWaited(seconds: Double) { metrics.queueWait.observe(seconds) }

    func stageFinished(_ stage: TileStage, seconds: Double) {
        let name =
            switch stage {
            case .read: "read"
            case .encoder: "encoder"
            case .imageEncoder: "image_encoder"
            case .features: "features"
            case .subDecoder: "sub_decoder"
            case .head: "head"
            case .blend: "blend"
            }
        metrics.stageSeconds(name).observe(seconds)
        durations.record(stage, seconds: seconds)
    }

    func cancelled(at stage: CancelledStage, secondsToIdle: Double) {
        metrics.cancelled(stage.rawValue).add()
        metrics.cancelSeconds.observe(secondsToIdle)
    }
}
