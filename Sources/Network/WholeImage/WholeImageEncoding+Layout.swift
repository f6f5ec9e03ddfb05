import Kernels

extension WholeImageEncoding {
    /// Where everything lies.
    struct Layout {
        let size: MapSize
        let width: Int
        let tileSide: Int
        let features: FloatArena.Plan
        private(set) var workBytes: Int
        let maps: [Int]
        let pixels: Int
        let ring: Int
        let wide: Int
        let sums: Int
        let blur: ImageBlurMemory.Plan?

        init(size: MapSize, width: Int, tileSide: Int, hasBlurBranch: Bool) {
            precondition(
                size.height > 0 && size.width > 0 && size.height % 16 == 0 && size.width % 16 == 0,
                "an image of \(size.height)×\(size.width) pixels")
            precondition(tileSide > 0 && tileSide % 16 == 0, "tiles of \(tileSide) pixels")
            self.size = size
            self.width = width
            self.tileSide = tileSide
            var features = FloatArena.Plan()
            maps = (0...4).map { features.add(size.halved($0).pixels * (width << $0)) }
            // What a kernel block reads of κ takes as much as all coarser features and this.
            if hasBlurBranch { _ = features.add(size.pixels * width / 16) }
            self.features = features

            var work = FloatArena.Plan()
            var blur = hasBlurBranch ? ImageBlurMemory.Plan(size, adding: &work) : nil
            // The blocks begin when κ is through: they use the same memory.
            var before = work
            blur?.addTransient(to: &before)
            // Of all scales the finest has the most rows, and all have the same values per row.
            let row = size.width * width, band = SlidingBlockPass.bandRows + 2
            pixels = work.add(band * size.width * 3)
            ring = work.add(SlidingBlockPass.ringRows(height: size.height, window: tileSide) * row)
            wide = work.add(band * 2 * row)
            sums = work.add(2 * row)
            blur?.addAttention(to: &work, channels: width)
            workBytes = max(work.bytes, before.bytes)
            self.blur = blur
        }
    }
}

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
