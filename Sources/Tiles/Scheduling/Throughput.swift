/// How fast tiles get done, measured over the time in which workers were busy.
///
/// Work is counted in whole tiles: a tile of a small image counts by its area. Old measurements fade with every new
/// one, so that the figure follows a change of load or of images within some twenty tiles. Seconds count by the wall
/// while at least one worker leads a tile: many tiles side by side and a lone tile on all cores then give about the
/// same figure, which is what makes one number usable for every load.
struct Throughput {
    /// What is left of a measurement after one more tile.
    private static let fade = 0.95

    private var tiles = 0.0
    private var seconds = 0.0
    private var busy = 0
    private var busySince = 0.0
    private let assumedSecondsPerTile: Double

    /// - Parameter assumedSecondsPerTile: answers until the first tile is done.
    init(assumedSecondsPerTile: Double) {
        self.assumedSecondsPerTile = assumedSecondsPerTile
    }

    var isMeasured: Bool { tiles > 0 }

    var secondsPerTile: Double {
        isMeasured && seconds > 0 ? seconds / tiles : assumedSecondsPerTile
    }

    /// A worker starts to lead a tile.
    mutating func began(at now: Double) {
        if busy == 0 { busySince = now }
        busy += 1
    }

    /// A worker leaves a tile.
    ///
    /// - Parameter work: in whole tiles; 0 when the tile was abandoned, whose time then counts for nothing either
    ///   unless other workers were busy.
    mutating func ended(at now: Double, work: Double) {
        busy -= 1
        if work > 0 {
            tiles = tiles * Self.fade + work
            seconds = seconds * Self.fade + (now - busySince)
            busySince = now
        } else if busy == 0 {
            busySince = now
        }
    }
}
