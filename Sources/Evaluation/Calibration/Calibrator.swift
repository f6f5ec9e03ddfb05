import Images
import Kernels
import Network
import Tiles

/// Runs every tile of pairs of pictures through all sub-decoders and gathers what each gains.
///
/// The tiles are those of the inference: the model's size and overlap. (The authors' grid is not known:
/// specification 15.)
public final class Calibrator {
    private let grid: (Int, Int) throws -> TileGrid
    private let measure: (LoadedPair, Int, TileGrid, DegradationThresholds) throws -> [CalibrationTile]
    private let thresholds: DegradationThresholds
    private let limits: ImageLimits
    package private(set) var tiles: [CalibrationTile] = []
    private var images = 0

    /// - Parameters:
    ///   - tile: of the model.
    ///   - mode: what the encoder sees at a time.
    ///   - team: whose members share each step.
    ///   - progress: after each tile.
    public init(
        _ network: any TileNetwork, tile: TileSize, mode: EncodingMode = .tile, thresholds: DegradationThresholds,
        team: ThreadTeam, limits: ImageLimits = ImageLimits(), progress: @escaping () -> Void = {}
    ) {
        grid = { try TileGrid(width: $0, height: $1, tile: tile, mode: mode) }
        measure = Self.measuring(network, team: team, progress: progress)
        self.thresholds = thresholds
        self.limits = limits
    }

    /// Opens the existential once: the workspace's type is the network's.
    private static func measuring(
        _ network: some TileNetwork, team: ThreadTeam, progress: @escaping () -> Void
    ) -> (LoadedPair, Int, TileGrid, DegradationThresholds) throws -> [CalibrationTile] {
        let deep = DeepTile(network, team: team)
        return { pair, number, grid, thresholds in
            let picture = pair.blur.floats()
            let truth = pair.truth.values
            try deep.open(picture, grid)
            return try (0..<grid.count).map { index in
                defer { progress() }
                let comparison = TileComparison(index, of: grid, picture: picture, truth: truth)
                var depths = [comparison.measure(residual: nil)]
                let (assessment, _) = try deep.run(index) { _, residual in
                    depths.append(comparison.measure(residual: residual))
                    guard depths.last?.psnr.isNaN == false else { throw EvaluationError.notFinite(name: pair.name) }
                }
                return CalibrationTile(
                    image: number, label: thresholds.label(psnr: depths[0].psnr),
                    predicted: assessment.degradationClass, psnr: depths.map(\.psnr),
                    squares: depths.map(\.squares), bytes: comparison.bytes)
            }
        }
    }

    /// - Throws: `ImageError`, `TilesError`, ``EvaluationError``, `FileError`.
    public func add(_ pair: ImagePair) throws {
        let loaded = try LoadedPair(pair, limits: limits)
        tiles += try measure(loaded, images, grid(loaded.blur.width, loaded.blur.height), thresholds)
        images += 1
    }

    /// Tiles of a pair, judged by the header; 0 when it cannot be read.
    public func tiles(of pair: ImagePair) -> Int { pair.blur.tiles(grid) ?? 0 }

    /// The means so far.
    ///
    /// - Parameters:
    ///   - classes: of the model; nil for those of the thresholds.
    ///   - previous: what the model says of its exits; kept for classes without a tile.
    public func calibration(
        by grouping: Calibration.Grouping, subDecoders: Int, classes: Int? = nil, previous: Calibration.Previous? = nil
    ) -> Calibration {
        Calibration(
            tiles: tiles, subDecoders: subDecoders, classes: classes ?? thresholds.classes, thresholds: thresholds,
            grouping: grouping, previous: previous)
    }
}
