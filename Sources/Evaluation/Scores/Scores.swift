import Foundation

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

/// The protocols of the authors' evaluation (specification 14).
public enum ScoreProtocol: String, Sendable, Hashable, CaseIterable, Codable {
    /// GoPro and HIDE: PSNR over all bytes and one 3-D SSIM.
    case plain
    /// RealBlur: intensities matched, aligned by a homography, compared where both have pixels.
    case aligned

    /// - Parameters:
    ///   - restored: of the same size as `truth`.
    ///   - truth: the sharp picture.
    public func scores(of restored: ByteImage, against truth: ByteImage) -> Scores {
        switch self {
        case .plain:
            Scores(psnr: PSNR.decibels(restored, truth), ssim: SSIM.volume(restored, truth))
        case .aligned:
            AlignedComparison(restored: restored, truth: truth).scores
        }
    }

    /// RealBlur's formulas on pictures taken as they are: without matching intensities and pixels first.
    package static func unalignedScores(of restored: ByteImage, against truth: ByteImage) -> Scores {
        AlignedComparison(restored: restored, truth: truth, align: false).scores
    }
}

/// The ratio of the highest value to the noise, in dB.
public enum PSNR {
    /// 10·log10(255² / mean squared difference) over all pixels and channels (specification 14); infinite for equal
    /// pictures.
    public static func decibels(_ first: ByteImage, _ second: ByteImage) -> Double {
        precondition(first.width == second.width && first.height == second.height, "pictures of two sizes")
        // Exact: 255² times the largest picture is far below 2⁶³.
        var sum = 0
        for (a, b) in zip(first.bytes, second.bytes) {
            let difference = Int(a) - Int(b)
            sum += difference * difference
        }
        return 10 * log10(255 * 255 * Double(first.bytes.count) / Double(sum))
    }

    /// 10·log10(1/mse + 1e-8): the form that degradation classes and increments are defined with (specification 7.4).
    ///
    /// - Parameter meanSquare: of the difference of values 0…1.
    public static func decibels(meanSquare: Double) -> Double {
        10 * log10(1 / meanSquare + 1e-8)
    }
}
