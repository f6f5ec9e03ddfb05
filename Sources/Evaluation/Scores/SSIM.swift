/// Structural similarity (Wang et al., 2004) in the two forms of the evaluation protocol.
public enum SSIM {
    /// GoPro's and HIDE's form: one 3-D SSIM, the picture taken as a volume of depth 3 (specification 14).
    ///
    /// An 11×11×11 Gaussian window (σ = 1.5) in single precision, edges repeated along all three axes, values 0…255.
    public static func volume(_ first: ByteImage, _ second: ByteImage) -> Double {
        precondition(first.width == second.width && first.height == second.height, "pictures of two sizes")
        return VolumeSSIM(first, second).score
    }

    /// RealBlur's form: a 2-D SSIM per channel with population covariance, weighted by a mask, without the outer five
    /// pixels; the mean over the channels (specification 14, step 6). Values 0…1.
    ///
    /// - Parameters:
    ///   - first: `(height, width, 3)` row-major, already 0 where the mask is; so is `second`.
    ///   - mask: `(height, width)` of 0 and 1.
    /// - Returns: nil where nothing is left to compare.
    static func planes(_ first: [Float], _ second: [Float], mask: [Bool], width: Int, height: Int) -> Double? {
        let radius = LocalMoments.radius
        guard width > 2 * radius, height > 2 * radius else { return nil }
        var sum = 0.0
        var count = 0
        forEachRow(first, second, width, height) { y, row in
            guard (radius..<height - radius).contains(y) else { return }
            for x in radius..<width - radius where mask[y * width + x] {
                count += 1
                for c in 0..<3 { sum += index(row, at: x * 3 + c, of: width * 3, peak: 1) }
            }
        }
        // The mask is the same for all channels, so the mean of the channels' means is the mean of all.
        return count > 0 ? sum / Double(3 * count) : nil
    }

    // MARK: Parts

    private static func forEachRow(
        _ first: [Float], _ second: [Float], _ width: Int, _ height: Int,
        _ body: (_ y: Int, _ row: UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        var filter = LocalMoments(width: width, height: height)
        var moments = [Double](repeating: 0, count: LocalMoments.count * width * 3)
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                for y in 0..<height {
                    filter.row(y, x: first, y: second, into: &moments)
                    moments.withUnsafeMutableBufferPointer { body(y, $0) }
                }
            }
        }
    }

    @inline(__always)
    private static func index(
        _ moments: UnsafeMutableBufferPointer<Double>, at i: Int, of n: Int, peak: Double
    ) -> Double {
        let (c1, c2) = (0.0001 * peak * peak, 0.0009 * peak * peak)
        let (x, y) = (moments[i], moments[n + i])
        let (xx, yy, xy) = (x * x, y * y, x * y)
        let variances = moments[2 * n + i] - xx + moments[3 * n + i] - yy
        let covariance = moments[4 * n + i] - xy
        return (2 * xy + c1) * (2 * covariance + c2) / ((xx + yy + c1) * (variances + c2))
    }
}
