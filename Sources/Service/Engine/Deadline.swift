import Tiles

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
