import Kernels

extension WholeImageEncoding {
    /// A layer that works down its map, or a few of the estimator's on one strip.
    struct Stage {
        enum Work {
            case estimate(BlurStrip)
            case blur(BlurStrip)
            case coarseBlur
            /// What the kernel block of that scale reads of κ.
            case blurHead(Int)
            case intro
            /// - Parameter isFirst: of its scale; may be a kernel block.
            case block(Block, scale: Int, isFirst: Bool)
            case down(Int)
            case scaleCoarsest
        }
        let work: Work
        /// Rows of its result; layers of the estimator.
        let units: Int
        /// Units at a time.
        var step = SlidingBlockPass.bandRows
        /// Multiplications of the whole stage, in units of w² per pixel of full resolution.
        let cost: Double
    }

    static func stages(_ encoder: NAFNetEncoder, _ blurEncoder: UFPNetEncoder?, _ layout: Layout) -> [Stage] {
        let height = layout.size.height, w = Double(layout.width)
        func hasBlurBlock(_ scale: Int) -> Bool { scale < 3 && blurEncoder?.attentions[scale] != nil }
        var stages: [Stage] = []
        if let blur = layout.blur {
            for strip in BlurStrip.strips(height: height, bandRows: blur.bandRows) {
                let share = Double(strip.rows.count) / Double(height) / (w * w)
                // Rows are read first, then come the layers.
                stages.append(
                    Stage(
                        work: .estimate(strip), units: 1 + BlurEstimator.layerCount, step: 1,
                        cost: 1.05e6 * share * Double(strip.seen.count) / Double(strip.rows.count)))
                stages.append(
                    Stage(
                        work: .blur(strip), units: strip.rows.count, step: blur.bandRows,
                        cost: (736e3 + (hasBlurBlock(0) ? 3249 * w : 0)) * share))
            }
            stages.append(Stage(work: .coarseBlur, units: height / 4, cost: 33e3 / (w * w)))
        }
        stages.append(Stage(work: .intro, units: height, cost: 0.5))
        for scale in 0..<4 {
            let rows = height >> scale
            if scale > 0, hasBlurBlock(scale) {
                stages.append(Stage(work: .blurHead(scale), units: rows, cost: 3249 / (w * Double(1 << scale))))
            }
            for (index, block) in encoder.blocks[scale].enumerated() {
                stages.append(
                    Stage(
                        work: .block(block, scale: scale, isFirst: index == 0), units: rows,
                        cost: hasBlurBlock(scale) ? 43 : 7))
            }
            stages.append(Stage(work: .down(scale), units: rows / 2, cost: 2))
        }
        for block in encoder.middle {
            stages.append(Stage(work: .block(block, scale: 4, isFirst: false), units: height >> 4, cost: 7))
        }
        stages.append(Stage(work: .scaleCoarsest, units: height >> 4, cost: 0.01))
        return stages
    }

    // MARK: Layers of both encoders

    func runIntro(
        _ rows: Range<Int>, reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        let width = layout.size.width, w = layout.width, pitch = 32
        let first = max(rows.lowerBound - 1, 0), end = min(rows.upperBound + 1, layout.size.height)
        for y in first..<end { try readRow(y, pixels + (y - first) * width * 3) }
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index
            var scratch = Scratch(floats: Scratch.rounded(width * pitch))
            let patches = scratch.take(width * pitch)
            // Rows outside the part are outside the image: zero, as they should be.
            ImagePatches.gather(
                pixels, height: end - first, width: width, row: y - first, to: patches, stride: pitch)
            encoder.intro.multiply(rows: width, patches, stride: pitch, to: maps[0] + y * width * w, stride: w)
        }
    }

    func run(_ block: Block, scale: Int, isFirst: Bool, _ rows: Range<Int>) {
        var pass =
            pass
            ?? SlidingBlockPass(
                block: block, attention: isFirst ? attention(atScale: scale) : nil, map: maps[scale],
                size: size(atScale: scale), window: layout.tileSide >> scale, memory: memory, kernels: kernels,
                team: team)
        pass.run(rows)
        self.pass = pass
    }

    /// - Parameter rows: of the next scale.
    func runDown(_ scale: Int, _ rows: Range<Int>) {
        let size = size(atScale: scale), c = channels(atScale: scale), count = size.width * c
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index, pair = maps[scale] + 2 * y * count
            encoder.downs[scale].apply(
                pixels: size.width / 2, pair, to: maps[scale + 1] + y * count, stride: 2 * c)
        }
        self.scale(scale, 2 * rows.lowerBound..<2 * rows.upperBound)
    }

    /// e → f: the next scale sees e, everything else f.
    func scale(_ scale: Int, _ rows: Range<Int>) {
        let width = size(atScale: scale).width, c = channels(atScale: scale)
        team.parallelFor(rows.count) { index in
            let row = maps[scale] + (rows.lowerBound + index) * width * c
            kernels.scaleRows(
                pixels: width, channels: c, row, stride: c, by: encoder.featureScales[scale].constant, to: row,
                stride: c)
        }
    }
}
