import CKernels
import Kernels

/// The NAFNet encoder at work on a whole image with local pooling (specification 11, mode A), then the scaled features
/// f0…f4 of the image.
///
/// Memory, in bytes, for w channels at full resolution and a tile side s: 7.75·w per pixel for the features, and while
/// encoding 4·w·(min(s, height) + 102) + 408 per pixel column for the rows that are being worked on. At w = 64 that is
/// 496 bytes per pixel and 125 kB per column: 617 MB for 1280×720.
package final class WholeImageEncoding: ImageEncoding, @unchecked Sendable {
    // Safe to share: one thread at a time advances it, and it is constant when complete (ImageEncoding).

    /// f_i at scale 1/2^i, `(size(atScale: i), w·2^i)`, once complete.
    let maps: [UnsafeMutablePointer<Float>]
    private(set) var isComplete = false

    private let layout: Layout
    private let encoder: NAFNetEncoder
    private let kernels: KernelSet
    private let team: ThreadTeam
    private let features: FloatArena
    /// Let go of when the features are complete.
    private var work: FloatArena?
    /// `(bandRows + 2, width, 3)`: rows of the image around a band.
    private let pixels: UnsafeMutablePointer<Float>
    private let memory: SlidingBlockPass.Memory

    private let stages: [Stage]
    private var stage = 0
    /// Rows of the stage that are done.
    private var row = 0
    /// The block at work.
    private var pass: SlidingBlockPass?
    private var finishedCost = 0.0
    private let totalCost: Double

    /// A layer that works down its map. Costs are multiplications per pixel of full resolution, in units of w².
    private struct Stage {
        enum Work { case intro, block(Block, scale: Int), down(Int), scaleCoarsest }
        let work: Work
        /// Rows of its result.
        let height: Int
        let cost: Double
    }

    /// nil when the system has not that much memory.
    init?(
        _ encoder: NAFNetEncoder, size: MapSize, width: Int, tileSide: Int, kernels: KernelSet, team: ThreadTeam
    ) {
        let layout = Layout(size: size, width: width, tileSide: tileSide)
        guard let features = FloatArena(ifAvailable: layout.features.bytes),
            let work = FloatArena(ifAvailable: layout.work.bytes)
        else { return nil }
        self.layout = layout
        self.encoder = encoder
        self.kernels = kernels
        self.team = team
        self.features = features
        self.work = work
        maps = layout.maps.map(features.pointer)
        pixels = work.pointer(layout.pixels)
        memory = SlidingBlockPass.Memory(
            ring: work.pointer(layout.ring), wide: work.pointer(layout.wide),
            sums: UnsafeMutableRawPointer(work.pointer(layout.sums)).assumingMemoryBound(to: Double.self))

        var stages = [Stage(work: .intro, height: size.height, cost: 0.5)]
        for scale in 0..<4 {
            let height = size.halved(scale).height
            stages += encoder.blocks[scale].map { Stage(work: .block($0, scale: scale), height: height, cost: 7) }
            stages.append(Stage(work: .down(scale), height: height / 2, cost: 2))
        }
        let height = size.halved(4).height
        stages += encoder.middle.map { Stage(work: .block($0, scale: 4), height: height, cost: 7) }
        stages.append(Stage(work: .scaleCoarsest, height: height, cost: 0.01))
        self.stages = stages
        totalCost = stages.reduce(0) { $0 + $1.cost }
    }

    /// What ``init`` reserves.
    static func bytes(size: MapSize, width: Int, tileSide: Int) -> Int {
        let layout = Layout(size: size, width: width, tileSide: tileSide)
        return layout.features.bytes + layout.work.bytes
    }

    /// Bytes held now. For tests.
    package var capacityBytes: Int { features.capacityBytes + (work?.capacityBytes ?? 0) }

    package func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double {
        guard !isComplete else { return 1 }
        let current = stages[stage]
        let rows = row..<min(current.height, row + SlidingBlockPass.bandRows)
        switch current.work {
        case .intro: try runIntro(rows, reading: readRow)
        case .block(let block, let scale): run(block, scale: scale, rows)
        case .down(let scale): runDown(scale, rows)
        case .scaleCoarsest: scale(4, rows)
        }
        row = rows.upperBound
        if row == current.height {
            finishedCost += current.cost
            stage += 1
            row = 0
            pass = nil
        }
        if stage == stages.count {
            isComplete = true
            work = nil
            return 1
        }
        return (finishedCost + stages[stage].cost * Double(row) / Double(stages[stage].height)) / totalCost
    }

    func size(atScale scale: Int) -> MapSize { layout.size.halved(scale) }
    func channels(atScale scale: Int) -> Int { layout.width << scale }

    // MARK: Layers

    private func runIntro(
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
            kernel_gather3(pixels, end - first, width, y - first, patches, pitch)
            encoder.intro.multiply(rows: width, patches, stride: pitch, to: maps[0] + y * width * w, stride: w)
        }
    }

    private func run(_ block: Block, scale: Int, _ rows: Range<Int>) {
        var pass =
            pass
            ?? SlidingBlockPass(
                block: block, map: maps[scale], size: size(atScale: scale), window: layout.tileSide >> scale,
                memory: memory, kernels: kernels, team: team)
        pass.run(rows)
        self.pass = pass
    }

    /// - Parameter rows: of the next scale.
    private func runDown(_ scale: Int, _ rows: Range<Int>) {
        let size = size(atScale: scale), c = channels(atScale: scale), count = size.width * c
        team.parallelFor(rows.count) { index in
            let y = rows.lowerBound + index, pair = maps[scale] + 2 * y * count
            encoder.downs[scale].apply(
                pixels: size.width / 2, pair, to: maps[scale + 1] + y * count, stride: 2 * c)
        }
        self.scale(scale, 2 * rows.lowerBound..<2 * rows.upperBound)
    }

    /// e → f: the next scale sees e, everything else f.
    private func scale(_ scale: Int, _ rows: Range<Int>) {
        let width = size(atScale: scale).width, c = channels(atScale: scale)
        team.parallelFor(rows.count) { index in
            let row = maps[scale] + (rows.lowerBound + index) * width * c
            kernels.scaleRows(
                pixels: width, channels: c, row, stride: c, by: encoder.featureScales[scale].constant, to: row,
                stride: c)
        }
    }

    /// Where everything lies.
    private struct Layout {
        let size: MapSize
        let width: Int
        let tileSide: Int
        let features: FloatArena.Plan
        private(set) var work = FloatArena.Plan()
        let maps: [Int]
        let pixels: Int
        let ring: Int
        let wide: Int
        let sums: Int

        init(size: MapSize, width: Int, tileSide: Int) {
            precondition(
                size.height > 0 && size.width > 0 && size.height % 16 == 0 && size.width % 16 == 0,
                "an image of \(size.height)×\(size.width) pixels")
            precondition(tileSide > 0 && tileSide % 16 == 0, "tiles of \(tileSide) pixels")
            self.size = size
            self.width = width
            self.tileSide = tileSide
            var features = FloatArena.Plan()
            maps = (0...4).map { features.add(size.halved($0).pixels * (width << $0)) }
            self.features = features
            // Of all scales the finest has the most rows, and all have the same values per row.
            let row = size.width * width, band = SlidingBlockPass.bandRows + 2
            pixels = work.add(band * size.width * 3)
            ring = work.add(SlidingBlockPass.ringRows(height: size.height, window: tileSide) * row)
            wide = work.add(band * 2 * row)
            sums = work.add(2 * row)
        }
    }
}
