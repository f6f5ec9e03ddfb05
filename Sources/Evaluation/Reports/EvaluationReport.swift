/// Scores of a model, or of finished results, on a data set.
public struct EvaluationReport: Sendable, Encodable {
    /// Means over the pictures that have the figure. Infinite values, of results that equal their sharp picture, are in no
    /// mean; nil where nothing is left.
    public struct Mean: Sendable, Encodable {
        public var psnr: Double?
        public var ssim: Double?
        public var blurredPSNR: Double?
        /// ΔPSNR
        public var gain: Double?
        /// Seconds per picture.
        public var seconds: Double?

        enum CodingKeys: String, CodingKey {
            case psnr, ssim, seconds
            case blurredPSNR = "psnr_blurred"
            case gain = "psnr_gain"
        }
    }

    public struct Spreads: Sendable, Encodable {
        public var psnr, ssim, blurredPSNR, gain: Spread?

        enum CodingKeys: String, CodingKey {
            case psnr, ssim
            case blurredPSNR = "psnr_blurred"
            case gain = "psnr_gain"
        }
    }

    public var dataSet: String
    /// Nil of results that were made elsewhere.
    public var model: String?
    public var scoring: ScoreProtocol
    /// K; nil without a model.
    public var subDecoders: Int?
    public var images: [EvaluationRecord] = []

    public init(dataSet: String, model: String?, scoring: ScoreProtocol, subDecoders: Int?) {
        self.dataSet = dataSet
        self.model = model
        self.scoring = scoring
        self.subDecoders = subDecoders
    }

    /// Over the pictures; nil when there is none.
    public var mean: Mean? {
        guard !images.isEmpty else { return nil }
        func mean(_ value: (EvaluationRecord) -> Double?) -> Double? {
            let values = images.compactMap(value).filter(\.isFinite)
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        return Mean(
            psnr: mean(\.psnr), ssim: mean(\.ssim), blurredPSNR: mean(\.blurredPSNR), gain: mean(\.gain),
            seconds: mean { $0.run?.seconds })
    }

    public var spread: Spreads {
        func spread(_ value: (EvaluationRecord) -> Double?) -> Spread? { Spread(images.compactMap(value)) }
        return Spreads(
            psnr: spread(\.psnr), ssim: spread(\.ssim), blurredPSNR: spread(\.blurredPSNR), gain: spread(\.gain))
    }

    /// Sub-decoder runs over all tiles and pictures / (K · tiles) (specification 7.5); nil when there is none.
    public var dRate: Double? {
        guard let subDecoders else { return nil }
        let runs = images.compactMap(\.run)
        let tiles = runs.reduce(0) { $0 + $1.tiles }
        guard tiles > 0 else { return nil }
        return Double(runs.reduce(0) { $0 + $1.subDecoderRuns }) / Double(subDecoders * tiles)
    }

    /// The same of one picture.
    func dRate(of image: EvaluationRecord) -> Double? {
        guard let subDecoders, let run = image.run, run.tiles > 0 else { return nil }
        return Double(run.subDecoderRuns) / Double(subDecoders * run.tiles)
    }

    /// What a reader of the means should know.
    public var notes: [String] {
        let unaligned = images.count { $0.isAligned == false }
        let equal = images.count { $0.psnr == .infinity }
        let sharp = images.count { $0.blurredPSNR == .infinity }
        let earlier = model == nil ? 0 : images.count { $0.run == nil }
        return [
            (unaligned, "could not be aligned and count as they are"),
            (equal, "came out equal to their sharp picture: their PSNR is infinite and in no mean"),
            (sharp, "are equal to their sharp picture before anything is done: no blurred PSNR, no ΔPSNR"),
            (earlier, "were there from an earlier run: in no D-Rate and no time"),
        ].filter { $0.0 > 0 }.map { "\($0.0) of \(images.count) pictures \($0.1)" }
    }

    enum CodingKeys: String, CodingKey {
        case model, images, mean, spread
        case dataSet = "data_set"
        case scoring = "protocol"
        case subDecoders = "sub_decoders"
        case dRate = "d_rate"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dataSet, forKey: .dataSet)
        try container.encode(model, forKey: .model)
        try container.encode(scoring, forKey: .scoring)
        try container.encode(subDecoders, forKey: .subDecoders)
        try container.encode(mean, forKey: .mean)
        try container.encode(spread, forKey: .spread)
        try container.encode(dRate, forKey: .dRate)
        try container.encode(images, forKey: .images)
    }
}

/// How far the pictures of a data set lie apart.
public struct Spread: Sendable, Equatable, Encodable {
    /// Of a sample: divided by n − 1. Nil for one value.
    public var standardDeviation: Double?
    public var least, lowerQuartile, median, upperQuartile, most: Double

    enum CodingKeys: String, CodingKey {
        case standardDeviation = "standard_deviation"
        case least = "min"
        case lowerQuartile = "quartile_1"
        case median
        case upperQuartile = "quartile_3"
        case most = "max"
    }

    /// - Returns: nil without a finite value; the others are passed over.
    public init?(_ values: [Double]) {
        let sorted = values.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let mean = sorted.reduce(0, +) / Double(sorted.count)
        let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = sorted.count > 1 ? (squares / Double(sorted.count - 1)).squareRoot() : nil
        (least, most) = (first, last)
        lowerQuartile = Self.quantile(0.25, of: sorted)
        median = Self.quantile(0.5, of: sorted)
        upperQuartile = Self.quantile(0.75, of: sorted)
    }

    /// Between neighbours in a straight line, as NumPy's default.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let position = share * Double(sorted.count - 1)
        let below = Int(position)
        guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
