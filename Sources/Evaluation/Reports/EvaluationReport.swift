import Foundation

/// Scores of a model on a data set.
public struct EvaluationReport: Sendable, Encodable {
    public struct Mean: Sendable, Encodable {
        public var psnr: Double
        public var ssim: Double
        public var blurredPSNR: Double?
        /// Seconds per picture.
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case psnr, ssim, seconds
            case blurredPSNR = "psnr_blurred"
        }
    }

    public var dataSet: String
    public var model: String
    public var scoring: ScoreProtocol
    public var subDecoders: Int
    public var images: [EvaluationRecord] = []

    public init(dataSet: String, model: String, scoring: ScoreProtocol, subDecoders: Int) {
        self.dataSet = dataSet
        self.model = model
        self.scoring = scoring
        self.subDecoders = subDecoders
    }

    /// Over the pictures; nil when there is none.
    public var mean: Mean? {
        guard !images.isEmpty else { return nil }
        func mean(_ value: (EvaluationRecord) -> Double) -> Double {
            images.reduce(0) { $0 + value($1) } / Double(images.count)
        }
        return Mean(
            psnr: mean(\.psnr), ssim: mean(\.ssim),
            blurredPSNR: images.allSatisfy { $0.blurredPSNR != nil } ? mean { $0.blurredPSNR ?? 0 } : nil,
            seconds: mean(\.seconds))
    }

    /// Sub-decoder runs over all tiles and pictures / (K · tiles) (specification 7.5); nil when there is none.
    public var dRate: Double? {
        let tiles = images.reduce(0) { $0 + $1.tiles }
        guard tiles > 0 else { return nil }
        return Double(images.reduce(0) { $0 + $1.subDecoderRuns }) / Double(subDecoders * tiles)
    }

    enum CodingKeys: String, CodingKey {
        case model, images, mean
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
        try container.encode(dRate, forKey: .dRate)
        try container.encode(images, forKey: .images)
    }
}
