import Network
import Synchronization

/// What the kernel branch computed for one tile; vectors in the order of the channels.
final class BlurRecord: Sendable {
    struct Values {
        /// One per pixel.
        var sigma: [Float]
        /// `(pixels, 361)`, like the next two.
        var softmax: [Float]
        var code: [Float]
        var kernel: [Float]
    }

    private let values: Mutex<Values>
    private let order: [Int]

    init(pixels: Int, order: [Int]) {
        self.order = order
        let empty = [Float](repeating: .nan, count: pixels * order.count)
        values = Mutex(
            Values(
                sigma: [Float](repeating: .nan, count: pixels), softmax: empty, code: empty, kernel: empty))
    }

    var all: Values { values.withLock { $0 } }

    /// To be a workspace's probe.
    func note(_ stage: BlurStage, first: Int, pixels: Int, _ x: UnsafePointer<Float>) {
        values.withLock { values in
            switch stage {
            case .sigma: for pixel in 0..<pixels { values.sigma[first + pixel] = x[pixel] }
            case .softmax: store(x, first, pixels, &values.softmax)
            case .code: store(x, first, pixels, &values.code)
            case .blurKernel: store(x, first, pixels, &values.kernel)
            }
        }
    }

    private func store(_ x: UnsafePointer<Float>, _ first: Int, _ pixels: Int, _ vectors: inout [Float]) {
        for pixel in 0..<pixels {
            for (place, channel) in order.enumerated() {
                vectors[(first + pixel) * order.count + channel] = x[pixel * order.count + place]
            }
        }
    }
}

extension BlurRecord.Values {
    /// The vectors at those places, one after the other.
    func at(_ points: [[Int]], width: Int, of vectors: KeyPath<Self, [Float]>) -> [Float] {
        let all = self[keyPath: vectors], length = all.count / sigma.count
        return points.flatMap { point in
            let pixel = point[0] * width + point[1]
            return Array(all[pixel * length..<(pixel + 1) * length])
        }
    }

    /// κ averaged over its channels, one per pixel.
    var meanOverChannels: [Float] {
        let length = kernel.count / sigma.count
        return sigma.indices.map { pixel in
            Float(kernel[pixel * length..<(pixel + 1) * length].reduce(0.0) { $0 + Double($1) } / Double(length))
        }
    }

    /// κ averaged over the pixels, one per channel.
    var meanOverPixels: [Float] {
        let length = kernel.count / sigma.count
        var sums = [Double](repeating: 0, count: length)
        for index in kernel.indices { sums[index % length] += Double(kernel[index]) }
        return sums.map { Float($0 / Double(sigma.count)) }
    }
}
