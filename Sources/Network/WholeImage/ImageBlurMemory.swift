import Kernels

/// Where the kernel branch works on a whole image.
struct ImageBlurMemory {
    /// Rows of the image that the estimator sees, `(rows, width, 3)`.
    let pixels: UnsafeMutablePointer<Float>
    /// Three maps of 64 channels for the estimator's strip.
    let fields: [UnsafeMutablePointer<Float>]
    let band: BlurMap
    /// κ at scales 1/2 and 1/4, of the whole image.
    let halved: [BlurMap]
    let attention: SlidingAttention.Memory

    /// Offsets into an arena.
    struct Plan {
        private let size: MapSize
        /// Rows of κ at full resolution that are made at a time.
        let bandRows: Int
        private let halved: [Int]
        private var pixels = 0
        private var fields: [Int] = []
        private var band = 0
        private var both = 0
        private var result = 0

        /// - Parameter plan: gets what lives until the last kernel block.
        init(_ size: MapSize, adding plan: inout FloatArena.Plan) {
            self.size = size
            // A divisor of a strip's rows.
            bandRows = [32, 16].first { $0 <= BlurMap.bandRows(size) } ?? 8
            halved = (1...2).map { scale in
                let size = size.halved(scale)
                return plan.add(BlurMap.count(rows: size.height, width: size.width))
            }
        }

        /// - Parameter plan: gets what is needed before the first block of the encoder alone.
        mutating func addTransient(to plan: inout FloatArena.Plan) {
            let rows = BlurStrip.strips(height: size.height, bandRows: bandRows).map(\.seen.count).max() ?? 0
            pixels = plan.add(rows * size.width * 3)
            fields = (0..<3).map { _ in plan.add(rows * size.width * BlurEstimator.channels) }
            band = plan.add(BlurMap.count(rows: bandRows + 2, width: size.width))
        }

        /// - Parameter plan: gets what the kernel blocks need.
        mutating func addAttention(to plan: inout FloatArena.Plan, channels: Int) {
            both = plan.add(SlidingAttention.Memory.bothCount(width: size.width, channels: channels))
            result = plan.add(SlidingAttention.mostRows * size.width * channels)
        }

        func place(in arena: FloatArena) -> ImageBlurMemory {
            ImageBlurMemory(
                pixels: arena.pointer(pixels), fields: fields.map(arena.pointer),
                band: BlurMap(memory: arena.pointer(band), width: size.width, rows: bandRows + 2),
                halved: zip(1...2, halved).map { scale, part in
                    let size = size.halved(scale)
                    return BlurMap(memory: arena.pointer(part), width: size.width, rows: size.height)
                },
                attention: SlidingAttention.Memory(both: arena.pointer(both), result: arena.pointer(result)))
        }
    }
}
