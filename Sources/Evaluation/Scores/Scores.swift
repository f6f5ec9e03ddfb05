/// How close a restored picture is to the true one.
public struct Scores: Sendable, Equatable, Codable {
    /// dB.
    public var psnr: Double
    public var ssim: Double
    /// Whether the pictures were aligned first; nil when the protocol does not ask for it.
    public var isAligned: Bool?

    public init(psnr: Double, ssim: Double, isAligned: Bool? = nil) {
        self.psnr = psnr
        self.ssim = ssim
        self.isAligned = isAligned
    }

    enum CodingKeys: String, CodingKey {
        case psnr, ssim
        case isAligned = "aligned"
    }
}
