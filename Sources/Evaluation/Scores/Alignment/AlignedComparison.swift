import Foundation

/// RealBlur's comparison: the restored picture's intensity is matched to the true one's, it is aligned to it, and only
/// pixels that both have count (specification 14, RealBlur).
struct AlignedComparison {
    let scores: Scores
    /// What was found; the identity where nothing was.
    let homography: Homography

    /// - Parameter align: false leaves out steps 1 to 3: intensities and pixels are compared as they are.
    init(restored: ByteImage, truth: ByteImage, align: Bool = true) {
        precondition(restored.width == truth.width && restored.height == truth.height, "pictures of two sizes")
        let (width, height) = (truth.width, truth.height)
        var x = truth.values
        var z = restored.values
        var mask = [Bool](repeating: true, count: width * height)
        var found: Homography?
        if align {
            let gain = Self.gain(from: z, to: x)
            for index in z.indices { z[index] *= gain }
            found = ECCAligner(
                template: Plane(grayOf: x, width: width, height: height),
                picture: Plane(grayOf: z, width: width, height: height)
            ).homography()
            if let found { (z, mask) = BicubicWarp.apply(found, to: z, width: width, height: height) }
        }
        for index in mask.indices where !mask[index] {
            for c in 0..<3 { (x[3 * index + c], z[3 * index + c]) = (0, 0) }
        }
        homography = found ?? .identity
        scores = Scores(
            psnr: Self.psnr(x, z, pixels: mask.count { $0 }),
            ssim: SSIM.planes(x, z, mask: mask, width: width, height: height) ?? .nan,
            isAligned: align ? found != nil : nil)
    }

    /// Σ(x·z) / Σ(z·z): what z is multiplied by so that it is nearest to x.
    private static func gain(from z: [Float], to x: [Float]) -> Float {
        var (product, square) = (0.0, 0.0)
        for (a, b) in zip(x, z) {
            product += Double(a) * Double(b)
            square += Double(b) * Double(b)
        }
        return square > 0 ? Float(product / square) : 1
    }

    /// Values outside the mask are 0 in both.
    private static func psnr(_ x: [Float], _ z: [Float], pixels: Int) -> Double {
        var sum = 0.0
        for (a, b) in zip(x, z) {
            let difference = Double(a) - Double(b)
            sum += difference * difference
        }
        return 10 * log10(Double(3 * pixels) / sum)
    }
}
