import Kernels
import Network
import Synchronization

/// A whole image in a ``RuleNetwork``: its features are its pixels.
final class RuleImage: ImageEncoding, @unchecked Sendable {
    // Safe to share: one thread at a time, which is checked, and constant when complete.
    let height: Int
    let width: Int
    private(set) var pixels: [Float]
    private(set) var isComplete = false
    private let network: RuleNetwork
    private let parts: Int
    private var part = 0
    private let isInUse = Atomic<Bool>(false)

    init(network: RuleNetwork, height: Int, width: Int, parts: Int) {
        self.network = network
        self.height = height
        self.width = width
        self.parts = parts
        pixels = [Float](repeating: .nan, count: height * width * 3)
    }

    func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double {
        precondition(!isInUse.exchange(true, ordering: .acquiring), "two threads encode an image")
        defer { isInUse.store(false, ordering: .releasing) }
        let (height, width) = (height, width)
        try pixels.withUnsafeMutableBufferPointer { buffer in
            for y in height * part / parts..<height * (part + 1) / parts {
                try readRow(y, buffer.baseAddress! + y * width * 3)
            }
        }
        network.note(.image(part), pixels[0])
        part += 1
        isComplete = part == parts
        return Double(part) / Double(parts)
    }

    /// The features of a tile.
    func tile(row: Int, column: Int, height: Int, width: Int) -> [Float] {
        precondition(isComplete, "not a complete image")
        precondition(row % 16 == 0 && column % 16 == 0 && row >= 0 && column >= 0)
        precondition(row + height <= self.height && column + width <= self.width)
        return (row..<row + height).flatMap { y in
            let start = (y * self.width + column) * 3
            return pixels[start..<start + width * 3]
        }
    }
}

extension RuleNetwork {
    func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? {
        imageParts == nil ? nil : height * width * 12
    }

    /// No memory for images wider than 10,000 pixels.
    func makeImageEncoding(height: Int, width: Int, tileSide: Int, team: ThreadTeam) -> (any ImageEncoding)? {
        precondition(height % 16 == 0 && width % 16 == 0 && max(height, width) > tileSide)
        guard let imageParts, width <= 10_000 else { return nil }
        return RuleImage(network: self, height: height, width: width, parts: imageParts)
    }
}
