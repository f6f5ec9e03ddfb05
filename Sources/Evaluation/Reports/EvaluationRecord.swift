/// What became of one pair of pictures.
public struct EvaluationRecord: Sendable, Encodable {
    /// What the network did; nil of a picture that was restored earlier.
    public struct Run: Sendable, Equatable {
        public var tiles: Int
        /// Sub-decoders over all tiles.
        public var subDecoderRuns: Int
        /// Tiles by exit.
        public var exits: [String: Int]
        /// Tiles whose output was not believed.
        public var anomalies: Int
        /// Of the network: from the first tile's start to the last row.
        public var seconds: Double

        package init(tiles: Int, subDecoderRuns: Int, exits: [String: Int], anomalies: Int, seconds: Double) {
            self.tiles = tiles
            self.subDecoderRuns = subDecoderRuns
            self.exits = exits
            self.anomalies = anomalies
            self.seconds = seconds
        }
    }

    public var name: String
    /// Pixels.
    public var width: Int
    public var height: Int
    /// dB; infinite where the result equals the sharp picture.
    public var psnr: Double
    public var ssim: Double
    /// Whether the pictures were aligned first; nil when the protocol does not ask for it.
    public var isAligned: Bool?
    /// PSNR of the blurred picture as it is; nil without one, and when the protocol aligns.
    public var blurredPSNR: Double?
    public var run: Run?

    package init(
        name: String, width: Int, height: Int, scores: Scores, blurredPSNR: Double?, run: Run? = nil
    ) {
        self.name = name
        self.width = width
        self.height = height
        psnr = scores.psnr
        ssim = scores.ssim
        isAligned = scores.isAligned
        self.blurredPSNR = blurredPSNR
        self.run = run
    }

    /// ΔPSNR: what restoring gained, dB. Nil without a blurred picture, and where one of the two equals the sharp one.
    public var gain: Double? {
        guard let blurredPSNR, psnr.isFinite, blurredPSNR.isFinite else { return nil }
        return psnr - blurredPSNR
    }

    enum CodingKeys: String, CodingKey {
        case name, width, height, psnr, ssim, tiles, exits, anomalies, seconds
        case isAligned = "aligned"
        case blurredPSNR = "psnr_blurred"
        case gain = "psnr_gain"
        case subDecoderRuns = "sub_decoder_runs"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(width, forKey: .width)
        try container.encode(height, forKey: .height)
        try container.encode(psnr, forKey: .psnr)
        try container.encode(ssim, forKey: .ssim)
        try container.encodeIfPresent(isAligned, forKey: .isAligned)
        try container.encodeIfPresent(blurredPSNR, forKey: .blurredPSNR)
        try container.encodeIfPresent(gain, forKey: .gain)
        guard let run else { return }
        try container.encode(run.tiles, forKey: .tiles)
        try container.encode(run.subDecoderRuns, forKey: .subDecoderRuns)
        try container.encode(run.exits, forKey: .exits)
        try container.encode(run.anomalies, forKey: .anomalies)
        try container.encode(run.seconds, forKey: .seconds)
    }
}
