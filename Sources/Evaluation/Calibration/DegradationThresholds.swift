/// The PSNR limits between degradation classes (specification 7.4).
public struct DegradationThresholds: Sendable, Equatable {
    /// dB, rising.
    public let decibels: [Double]

    public init(_ decibels: [Double]) { self.decibels = decibels }

    /// Of GoPro and RealBlur-J: six classes.
    public static let gopro = DegradationThresholds([20, 25, 30, 35, 40])
    /// Of RealBlur-R: eight classes.
    public static let realBlurR = DegradationThresholds([20, 25, 30, 35, 40, 45, 50])

    /// The authors' for that many classes; nil where they have none.
    public static func published(classes: Int) -> DegradationThresholds? {
        [gopro, realBlurR].first { $0.classes == classes }
    }

    public var classes: Int { decibels.count + 1 }

    /// How many thresholds `psnr` exceeds: 0 is the hardest class.
    public func label(psnr: Double) -> Int { decibels.count { psnr > $0 } }
}
