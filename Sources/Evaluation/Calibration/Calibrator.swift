import Images
import Kernels
import Network
import Tiles

/// Runs every tile of pairs of pictures through all sub-decoders and gathers what each gains.
///
/// The tiles are those of the inference: the model's size and overlap. (The authors' grid is not known:
/// specification 15.)
public final class Calibrator {
    private let exits: EveryExit
    private let tile: TileSize
    private let mode: EncodingMode
    private let progress: () -> Void
    private let thresholds: DegradationThresholds
    private let limits: ImageLimits
    package private(set) var tiles: [CalibrationTile] = []
    private var images = 0

    /// - Parameters:
    ///   - tile: of the model.
    ///   - mode: what the encoder sees at a time.
    ///   - team: whose members share each step.
    ///   - progress: after each tile.
    ///   - network: the model.
    ///   - thresholds: limits of the classes, dB.
    ///   - limits: what of a file is refused.
    public init(
        _ network: any TileNetwork, tile: TileSize, mode: EncodingMode = .tile, thresholds: DegradationThresholds,
        team: ThreadTeam, limits: ImageLimits = ImageLimits(), progress: @escaping () -> Void = {}
    ) {
        exits = EveryExit(network, tile: tile, team: team)
        self.tile = tile
        self.mode = mode
        self.progress = progress
        self.thresholds = thresholds
        self.limits = limits
    }

    /// - Throws: `ImageError`, `TilesError`, ``EvaluationError``, `FileError`.
    public func add(_ pair: ImagePair) throws {
        let loaded = try LoadedPair(pair, limits: limits)
        let grid = try grid(width: loaded.blur.width, height: loaded.blur.height)
        let picture = loaded.blur.floats(), truth = loaded.truth.values
        let image = try exits.open(picture, grid)
        tiles += try (0..<grid.count).map { index in
            defer { progress() }
            let comparison = TileComparison(index, of: grid, picture: picture, truth: truth)
            var depths = [comparison.measure(residual: nil)]
            let (assessment, _) = try image.run(index) { _, residual in
                depths.append(comparison.measure(residual: residual))
                guard depths.last?.psnr.isNaN == false else { throw EvaluationError.notFinite(name: pair.name) }
            }
            return CalibrationTile(
                image: images, label: thresholds.label(psnr: depths[0].psnr), predicted: assessment.degradationClass,
                psnr: depths.map(\.psnr), squares: depths.map(\.squares), bytes: comparison.bytes)
        }
        images += 1
    }

    private func grid(width: Int, height: Int) throws -> TileGrid {
        try TileGrid(width: width, height: height, tile: tile, mode: mode)
    }

    /// Tiles of a pair, judged by the header; 0 when it cannot be read.
    public func tiles(of pair: ImagePair) -> Int { pair.blur.tiles(grid) ?? 0 }

    /// The means so far.
    ///
    /// - Parameters:
    ///   - classes: of the model; nil for those of the thresholds.
    ///   - previous: what the model says of its exits; kept for classes without a tile.
    ///   - grouping: what decides the class of a tile.
    ///   - subDecoders: K of the network.
    public func calibration(
        by grouping: Calibration.Grouping, subDecoders: Int, classes: Int? = nil, previous: Calibration.Previous? = nil
    ) -> Calibration {
        Calibration(
            tiles: tiles, subDecoders: subDecoders, classes: classes ?? thresholds.classes, thresholds: thresholds,
            grouping: grouping, previous: previous)
    }
}
