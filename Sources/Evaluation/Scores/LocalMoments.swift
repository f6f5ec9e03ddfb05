import Foundation

/// Gaussian-weighted means around each pixel, row by row: of x, y, x², y² and x·y, the ingredients of SSIM.
///
/// In double precision, as scikit-image computes them.
struct LocalMoments {
    static let count = 5
    static let radius = 5
    /// The eleven taps of σ = 1.5; they sum to 1.
    static let taps: [Double] = {
        let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum }
    }()

    let width: Int
    let height: Int
    /// Values of a row: three channels.
    private var length: Int { width * 3 }
    /// `(count, width + 2·radius, 3)`: a row's means along the columns, edges repeated.
    private var padded: [Double]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        padded = [Double](repeating: 0, count: Self.count * (width + 2 * Self.radius) * 3)
    }

    /// The means of row `y` over its window in rows and columns; beyond the edges the edge pixel repeats.
    ///
    /// - Parameters:
    ///   - x: `(height, width, 3)`, row-major; so is `y`.
    ///   - moments: `(count, width, 3)`.
    mutating func row(
        _ row: Int, x: UnsafeBufferPointer<Float>, y: UnsafeBufferPointer<Float>, into moments: inout [Double]
    ) {
        let (n, height) = (length, height)
        let margin = Self.radius * 3
        let stride = n + 2 * margin
        padded.withUnsafeMutableBufferPointer { padded in
            let sums = padded.baseAddress! + margin
            for moment in 0..<Self.count { (sums + moment * stride).update(repeating: 0, count: n) }
            for (tap, weight) in Self.taps.enumerated() {
                let line = min(max(row + tap - Self.radius, 0), height - 1) * n
                Self.accumulate(x.baseAddress! + line, y.baseAddress! + line, weight, into: sums, stride, n)
            }
            for moment in 0..<Self.count {
                let sum = sums + moment * stride
                for step in 1...Self.radius {
                    (sum - step * 3).update(from: sum, count: 3)
                    (sum + n + (step - 1) * 3).update(from: sum + n - 3, count: 3)
                }
            }
            moments.withUnsafeMutableBufferPointer { moments in
                for moment in 0..<Self.count {
                    let target = moments.baseAddress! + moment * n
                    let source = sums + moment * stride - margin
                    target.update(repeating: 0, count: n)
                    for (tap, weight) in Self.taps.enumerated() {
                        let from = source + tap * 3
                        for i in 0..<n { target[i] += weight * from[i] }
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func accumulate(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ weight: Double,
        into sums: UnsafeMutablePointer<Double>, _ stride: Int, _ n: Int
    ) {
        let (sx, sy, sxx) = (sums, sums + stride, sums + 2 * stride)
        let (syy, sxy) = (sums + 3 * stride, sums + 4 * stride)
        for i in 0..<n {
            let (a, b) = (Double(x[i]), Double(y[i]))
            let (wa, wb) = (weight * a, weight * b)
            sx[i] += wa
            sy[i] += wb
            sxx[i] += wa * a
            syy[i] += wb * b
            sxy[i] += wa * b
        }
    }
}
