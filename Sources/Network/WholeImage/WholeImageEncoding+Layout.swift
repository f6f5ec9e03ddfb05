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
