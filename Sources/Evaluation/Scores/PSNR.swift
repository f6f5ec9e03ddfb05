import Foundation

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
