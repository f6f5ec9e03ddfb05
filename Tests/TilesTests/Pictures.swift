import TestSupport
import Tiles

extension FloatImage {
    convenience init(width: Int, height: Int, _ value: (_ y: Int, _ x: Int, _ channel: Int) -> Float) {
        self.init(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 { self[y, x, channel] = value(y, x, channel) }
            }
        }
    }

    /// Values spread evenly over 0 ..< 1.
    convenience init(width: Int, height: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        self.init(width: width, height: height) { _, _, _ in random.uniform(0, 1) }
    }

    subscript(y: Int, x: Int, channel: Int) -> Float {
        get { pixels[(y * width + x) * 3 + channel] }
        set { pixels[(y * width + x) * 3 + channel] = newValue }
    }

    var values: [Float] { Array(pixels) }

    /// The same pixels in memory of their own.
    var copy: FloatImage { FloatImage(width: width, height: height) { self[$0, $1, $2] } }

    /// Whether every bit agrees.
    func isIdentical(to other: FloatImage) -> Bool {
        width == other.width && height == other.height
            && zip(pixels, other.pixels).allSatisfy { $0.bitPattern == $1.bitPattern }
    }
}
