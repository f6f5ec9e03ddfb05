/// What became of one pair of pictures.
public struct EvaluationRecord: Sendable, Encodable {
    public var name: String
    /// Pixels.
    public var width: Int
    public var height: Int
    public var psnr: Double
    public var ssim: Double
    /// Whether the pictures were aligned first; nil when the protocol does not ask for it.
    public var isAligned: Bool?
    /// PSNR of the blurred picture as it is; nil when the protocol aligns.
    public var blurredPSNR: Double?
    public var tiles: Int
    /// Sub-decoders over all tiles.
    public var subDecoderRuns: Int
    /// Tiles by exit.
    public var exits: [String: Int]
    /// Tiles whose output was not believed.
    public var anomalies: Int
    /// Of the network: from the first tile's start to the last row.
    public var seconds: Double

    package init(
        name: String, width: Int, height: Int, psnr: Double, ssim: Double, isAligned: Bool?, blurredPSNR: Double?,
        tiles: Int, subDecoderRuns: Int, exits: [String: Int], anomalies: Int, seconds: Double
    ) {
        self.name = name
        self.width = width
        self.height = height
        self.psnr = psnr
        self.ssim = ssim
        self.isAligned = isAligned
        self.blurredPSNR = blurredPSNR
        self.tiles = tiles
        self.subDecoderRuns = subDecoderRuns
        self.exits = exits
        self.anomalies = anomalies
        self.seconds = seconds
    }

    enum CodingKeys: String, CodingKey {
        case name, width, height, psnr, ssim, tiles, exits, anomalies, seconds
        case isAligned = "aligned"
        case blurredPSNR = "psnr_blurred"
        case subDecoderRuns = "sub_decoder_runs"
    }
}
