import Files
import Images
import Tiles

/// Restores blurred pictures and compares them with the sharp ones, by the authors' protocol.
public struct Evaluator: Sendable {
    private let scheduler: TileScheduler
    private let options: RestorationOptions
    private let scoring: ScoreProtocol
    private let limits: ImageLimits

    public init(
        scheduler: TileScheduler, options: RestorationOptions, scoring: ScoreProtocol,
        limits: ImageLimits = ImageLimits()
    ) {
        self.scheduler = scheduler
        self.options = options
        self.scoring = scoring
        self.limits = limits
    }

    /// - Parameters:
    ///   - destination: where the restored picture goes as PNG; nil keeps it nowhere.
    ///   - progress: on a worker thread after each tile.
    ///   - pair: the blurred and the sharp picture.
    /// - Throws: `ImageError`, `TilesError`, ``EvaluationError``, `FileError`.
    public func run(
        _ pair: ImagePair, saving destination: FilePath? = nil, progress: (@Sendable (TileProgress) -> Void)? = nil
    ) throws -> EvaluationRecord {
        let loaded = try LoadedPair(pair, limits: limits)
        let image = loaded.blur.floats()
        let blurred = scoring == .plain ? PSNR.decibels(ByteImage(loaded.blur), loaded.truth) : nil
        let report = try scheduler.restore(source: image, sink: image, options: options, progress: progress)
        let restored = ByteImage(width: image.width, height: image.height, values: UnsafeBufferPointer(image.pixels))
        if let destination { try restored.write(to: destination) }
        return EvaluationRecord(
            name: pair.name, width: image.width, height: image.height,
            scores: scoring.scores(of: restored, against: loaded.truth), blurredPSNR: blurred,
            run: EvaluationRecord.Run(
                tiles: report.tiles.count, subDecoderRuns: report.tiles.reduce(0) { $0 + ($1.exit ?? 0) },
                exits: Dictionary(uniqueKeysWithValues: report.exits.map { (String($0.key), $0.value) }),
                anomalies: report.anomalies, seconds: report.runSeconds))
    }

    /// Tiles of a pair, judged by the header; 0 when it cannot be read.
    public func tiles(of pair: ImagePair) -> Int {
        pair.blur.tiles { try scheduler.grid(width: $0, height: $1, mode: options.mode) } ?? 0
    }
}

/// Compares pictures that are restored already, by whatever, with the sharp ones. Needs no model.
public struct ResultScorer: Sendable {
    private let scoring: ScoreProtocol
    private let limits: ImageLimits

    public init(scoring: ScoreProtocol, limits: ImageLimits = ImageLimits()) {
        self.scoring = scoring
        self.limits = limits
    }

    /// - Parameters:
    ///   - result: the restored picture.
    ///   - name: for tables.
    ///   - blur: the picture before it was restored; nil: no blurred PSNR.
    ///   - sharp: the picture that it is compared with.
    /// - Throws: `ImageError`, ``EvaluationError``, `FileError`.
    public func score(
        _ result: FilePath, named name: String, against sharp: FilePath, blur: FilePath? = nil
    ) throws -> EvaluationRecord {
        let truth = try ByteImage(LoadedPair.decode(sharp, limits))
        let restored = try picture(result, named: name, like: truth)
        let blurred =
            try scoring == .plain
            ? blur.map { PSNR.decibels(try picture($0, named: name, like: truth), truth) } : nil
        return EvaluationRecord(
            name: name, width: truth.width, height: truth.height,
            scores: scoring.scores(of: restored, against: truth), blurredPSNR: blurred)
    }

    private func picture(_ file: FilePath, named name: String, like truth: ByteImage) throws -> ByteImage {
        let picture = try ByteImage(LoadedPair.decode(file, limits))
        guard picture.width == truth.width, picture.height == truth.height else {
            throw EvaluationError.resultSize(
                name: name, file: "\(file)", actual: [picture.width, picture.height],
                sharp: [truth.width, truth.height])
        }
        return picture
    }
}
