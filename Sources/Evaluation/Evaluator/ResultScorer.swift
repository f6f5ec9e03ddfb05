import Files
import Images

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
