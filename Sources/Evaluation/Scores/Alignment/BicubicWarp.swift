import Foundation

/// Brings a picture onto another one's pixels by a homography.
///
/// Cubic convolution with a = −0.75 at points rounded to 1/32 of a pixel, mirrored beyond the edges with the edge
/// repeated: what OpenCV's `warpPerspective` does, which the authors' evaluation calls.
enum BicubicWarp {
    private static let steps = 32

    /// - Parameter rgb: `(height, width, 3)` row-major.
    /// - Returns: the warped picture, and where it has a nearest pixel, `(height, width)`.
    static func apply(
        _ map: Homography, to rgb: [Float], width: Int, height: Int
    ) -> (picture: [Float], mask: [Bool]) {
        var picture = [Float](repeating: 0, count: rgb.count)
        var mask = [Bool](repeating: false, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                let point = map.apply(Double(x), Double(y))
                // Also false for what is not a number.
                guard abs(point.x) < 1e6, abs(point.y) < 1e6 else { continue }
                let (nearX, nearY) = (nearest(point.x), nearest(point.y))
                // Beyond the mask the picture is not looked at.
                guard nearX >= 0, nearY >= 0, nearX < width, nearY < height else { continue }
                mask[y * width + x] = true
                let (u, v) = (nearest(point.x * Double(steps)), nearest(point.y * Double(steps)))
                let (left, top) = (u >> 5, v >> 5)
                let (across, down) = (weights[u & 31], weights[v & 31])
                var sum = SIMD3<Float>()
                for row in 0..<4 {
                    let line = mirrored(top + row - 1, height) * width
                    var part = SIMD3<Float>()
                    for column in 0..<4 {
                        let at = (line + mirrored(left + column - 1, width)) * 3
                        part += across[column] * SIMD3(rgb[at], rgb[at + 1], rgb[at + 2])
                    }
                    sum += down[row] * part
                }
                let target = (y * width + x) * 3
                for c in 0..<3 { picture[target + c] = sum[c] }
            }
        }
        return (picture, mask)
    }

    /// Of the four neighbours, for each 1/32 of a pixel.
    private static let weights: [SIMD4<Float>] = (0..<steps).map { step in
        let t = Double(step) / Double(steps)
        let a = -0.75
        func near(_ d: Double) -> Double { ((a + 2) * d - (a + 3)) * d * d + 1 }
        func far(_ d: Double) -> Double { ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
        return SIMD4(Float(far(1 + t)), Float(near(t)), Float(near(1 - t)), Float(far(2 - t)))
    }

    @inline(__always)
    private static func nearest(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }

    /// The mirror image with the edge repeated.
    @inline(__always)
    private static func mirrored(_ position: Int, _ length: Int) -> Int {
        if position >= 0, position < length { return position }
        let period = 2 * length
        let folded = ((position % period) + period) % period
        return folded < length ? folded : period - 1 - folded
    }
}

/// A plane projective map: (x, y) → ((ax + by + c)/w, (dx + ey + f)/w) with w = gx + hy + 1.
struct Homography: Equatable {
    /// a, b, c, d, e, f, g, h.
    var parameters: [Double] = [1, 0, 0, 0, 1, 0, 0, 0]

    static let identity = Homography()

    /// Where a point goes; meaningless where w is 0.
    @inline(__always)
    func apply(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        let w = 1 / (parameters[6] * x + parameters[7] * y + 1)
        return (
            (parameters[0] * x + parameters[1] * y + parameters[2]) * w,
            (parameters[3] * x + parameters[4] * y + parameters[5]) * w
        )
    }

    /// The farthest that a corner of a picture moves between two maps, in pixels.
    func distance(to other: Homography, width: Int, height: Int) -> Double {
        var farthest = 0.0
        for (x, y) in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)] {
            let (a, b) = (apply(Double(x), Double(y)), other.apply(Double(x), Double(y)))
            farthest = max(farthest, hypot(a.x - b.x, a.y - b.y))
        }
        return farthest
    }
}
