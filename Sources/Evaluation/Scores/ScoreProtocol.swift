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
