import Foundation

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
