import CEvaluation
import Dispatch

/// GoPro's and HIDE's SSIM with the arithmetic of the authors' evaluation: a direct 11×11×11 convolution in single
/// precision, tap after tap.
///
/// Single precision shows: variances are small differences of large sums, and the score ends some 1e-5 beside the exact
/// one. A separable or a double-precision filter would be faster or truer and would not give the last digits of the
/// authors' scores.
struct VolumeSSIM {
    private static let radius = Int(VOLUME_SSIM_RADIUS)
    private static let lanes = Int(VOLUME_SSIM_LANES)

    /// `[row][column][channel]`: the outer product of the normalised taps.
    private static let window: [Float] = {
        var window: [Float] = []
        for a in LocalMoments.taps {
            for b in LocalMoments.taps { for c in LocalMoments.taps { window.append(Float(a * b * c)) } }
        }
        return window
    }()

    private let width: Int
    private let height: Int
    /// Of a padded row.
    private let rowLength: Int
    /// `(3, height, rowLength)`; columns beyond the edges repeat them.
    private let first: [Float]
    private let second: [Float]

    init(_ first: ByteImage, _ second: ByteImage) {
        width = first.width
        height = first.height
        rowLength = (width + Self.lanes - 1) / Self.lanes * Self.lanes + 2 * Self.radius
        self.first = Self.planes(first, rowLength)
        self.second = Self.planes(second, rowLength)
    }

    private static func planes(_ image: ByteImage, _ rowLength: Int) -> [Float] {
        var planes: [Float] = []
        planes.reserveCapacity(3 * image.height * rowLength)
        for channel in 0..<3 {
            for y in 0..<image.height {
                for position in 0..<rowLength {
                    let x = min(max(position - radius, 0), image.width - 1)
                    planes.append(Float(image.bytes[(y * image.width + x) * 3 + channel]))
                }
            }
        }
        return planes
    }

    var score: Double {
        var sums = [Double](repeating: 0, count: height)
        sums.withUnsafeMutableBufferPointer { buffer in
            // Safe: every iteration writes the sum of its own row and reads constants.
            nonisolated(unsafe) let sums = buffer
            DispatchQueue.concurrentPerform(iterations: height) { row in
                sums[row] = volume_ssim_row(first, second, width, height, rowLength, Self.window, row)
            }
        }
        // One after the other: the same score for any number of threads.
        return sums.reduce(0, +) / Double(width * height * 3)
    }
}
