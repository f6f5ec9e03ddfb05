import Foundation

/// Finds the homography that maximises the enhanced correlation coefficient of two pictures (Evangelidis and Psarakis,
/// PAMI 2008, forward additive form), with the settings of the authors' RealBlur evaluation: start at the identity,
/// at most 100 steps, a smoothing window of 5.
///
/// Accumulates in double precision and samples between pixels exactly. It ends early only where it has settled: steps
/// that move no corner by a ten-thousandth of a pixel change no score.
struct ECCAligner {
    static let maximumSteps = 100
    static let settled = 1e-4

    private let template: Plane
    private let picture: Plane
    private let slopes: (x: Plane, y: Plane)

    /// - Parameters:
    ///   - template: what stays.
    ///   - picture: what is brought onto it, of the same size.
    init(template: Plane, picture: Plane) {
        self.template = template.smoothed()
        self.picture = picture.smoothed()
        slopes = self.picture.slopes()
    }

    /// Maps pixels of the template to points of the picture; nil where no alignment is found.
    func homography() -> Homography? {
        var map = Homography.identity
        for _ in 0..<Self.maximumSteps {
            var sums = ECCSums()
            gather(map, into: &sums)
            guard let step = sums.step() else { return nil }
            var next = map
            for index in 0..<8 { next.parameters[index] += step[index] }
            guard next.parameters.allSatisfy(\.isFinite) else { return nil }
            let moved = next.distance(to: map, width: template.width, height: template.height)
            guard moved.isFinite else { return nil }
            map = next
            if moved < Self.settled { break }
        }
        return map
    }

    private func gather(_ map: Homography, into sums: inout ECCSums) {
        let (width, height) = (picture.width, picture.height)
        let m = map.parameters
        picture.values.withUnsafeBufferPointer { image in
            slopes.x.values.withUnsafeBufferPointer { slopeX in
                slopes.y.values.withUnsafeBufferPointer { slopeY in
                    template.values.withUnsafeBufferPointer { template in
                        for y in 0..<self.template.height {
                            for x in 0..<self.template.width {
                                let (fx, fy) = (Double(x), Double(y))
                                let w = 1 / (m[6] * fx + m[7] * fy + 1)
                                let u = (m[0] * fx + m[1] * fy + m[2]) * w
                                let v = (m[3] * fx + m[4] * fy + m[5]) * w
                                guard u > -1, v > -1, u < Double(width), v < Double(height) else { continue }
                                let point = Sample(u, v, width, height)
                                sums.add(
                                    x: fx, y: fy, u: u, v: v, w: w, picture: point.value(image),
                                    slopeX: point.value(slopeX), slopeY: point.value(slopeY),
                                    template: Double(template[y * self.template.width + x]), isInside: point.isInside)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Bilinear interpolation at a point; nothing beyond the picture counts as 0.
    private struct Sample {
        let first: Int
        let width: Int
        let weights: SIMD4<Double>
        /// Whether the nearest pixel exists.
        let isInside: Bool

        @inline(__always)
        init(_ u: Double, _ v: Double, _ width: Int, _ height: Int) {
            let (left, top) = (u.rounded(.down), v.rounded(.down))
            let (x, y) = (Int(left), Int(top))
            let (du, dv) = (u - left, v - top)
            var weights = SIMD4((1 - du) * (1 - dv), du * (1 - dv), (1 - du) * dv, du * dv)
            if x < 0 { (weights[0], weights[2]) = (0, 0) }
            if x + 1 >= width { (weights[1], weights[3]) = (0, 0) }
            if y < 0 { (weights[0], weights[1]) = (0, 0) }
            if y + 1 >= height { (weights[2], weights[3]) = (0, 0) }
            first = y * width + x
            self.width = width
            self.weights = weights
            let (nearX, nearY) = (Int(u.rounded(.toNearestOrEven)), Int(v.rounded(.toNearestOrEven)))
            isInside = nearX >= 0 && nearY >= 0 && nearX < width && nearY < height
        }

        @inline(__always)
        func value(_ plane: UnsafeBufferPointer<Float>) -> Double {
            // A neighbour that does not exist has weight 0 and is not read.
            var sum = 0.0
            if weights[0] != 0 { sum += weights[0] * Double(plane[first]) }
            if weights[1] != 0 { sum += weights[1] * Double(plane[first + 1]) }
            if weights[2] != 0 { sum += weights[2] * Double(plane[first + width]) }
            if weights[3] != 0 { sum += weights[3] * Double(plane[first + width + 1]) }
            return sum
        }
    }
}
