import Kernels

/// An encoder at work on a whole image with local pooling (specification 11, mode A), then the scaled features f0…f4 of
/// the image.
///
/// Memory, in bytes, for w channels at full resolution and a tile side s: 7.75·w per pixel for the features, and while
/// encoding 4·w·(min(s, height) + 102) + 408 per pixel column for the rows that are being worked on. At w = 64 that is
/// 496 bytes per pixel and 125 kB per column: 617 MB for 1280×720.
///
/// With UFPNet's kernel branch: 452 bytes per pixel more while encoding, for κ at scales 1/2 and 1/4, and w/4 for good,
/// for what the kernel blocks read of κ (the rest of it lies where the coarser features come later). Per column the larger
/// of two: 4·w·207 more than above for the blocks, or 780·min(height, 504) and a band of κ for the estimator, which sees
/// the image in strips. κ at full resolution is never there but for that band.
package final class WholeImageEncoding: ImageEncoding, @unchecked Sendable {
    // Safe to share: one thread at a time advances it, and it is constant when complete (ImageEncoding).

    /// f_i at scale 1/2^i, `(size(atScale: i), w·2^i)`, once complete.
    let maps: [UnsafeMutablePointer<Float>]
    private(set) var isComplete = false

    let layout: Layout
    let encoder: NAFNetEncoder
    /// nil for a NAFNet encoder.
    let blurEncoder: UFPNetEncoder?
    let kernels: KernelSet
    let team: ThreadTeam
    private let features: FloatArena
    /// Let go of when the features are complete.
    private var work: FloatArena?
    /// `(bandRows + 2, width, 3)`: rows of the image around a band.
    let pixels: UnsafeMutablePointer<Float>
    let memory: SlidingBlockPass.Memory
    let blurMemory: ImageBlurMemory?

    private let stages: [Stage]
    private var stage = 0
    /// Units of the stage that are done.
    private var unit = 0
    /// The block at work.
    var pass: SlidingBlockPass?
    /// The estimator's layers for the strip at work.
    var estimatorLayers: [() -> Void] = []
    private var finishedCost = 0.0
    private let totalCost: Double

    /// nil when the system has not that much memory.
    init?(
        _ encoder: NAFNetEncoder, _ blurEncoder: UFPNetEncoder?, size: MapSize, width: Int, tileSide: Int,
        kernels: KernelSet, team: ThreadTeam
    ) {
        self.encoder = encoder
        self.blurEncoder = blurEncoder
        let layout = Layout(size: size, width: width, tileSide: tileSide, hasBlurBranch: blurEncoder != nil)
        guard layout.features.bytes + layout.workBytes <= Machine.availableMemoryBytes ?? .max,
            let features = FloatArena(ifAvailable: layout.features.bytes),
            let work = FloatArena(ifAvailable: layout.workBytes)
        else { return nil }
        self.layout = layout
        self.kernels = kernels
        self.team = team
        self.features = features
        self.work = work
        maps = layout.maps.map(features.pointer)
        pixels = work.pointer(layout.pixels)
        memory = SlidingBlockPass.Memory(
            ring: work.pointer(layout.ring), wide: work.pointer(layout.wide),
            sums: UnsafeMutableRawPointer(work.pointer(layout.sums)).assumingMemoryBound(to: Double.self))
        blurMemory = layout.blur?.place(in: work)
        stages = Self.stages(encoder, blurEncoder, layout)
        totalCost = stages.reduce(0) { $0 + $1.cost }
    }

    /// What ``init`` reserves.
    static func bytes(size: MapSize, width: Int, tileSide: Int, hasBlurBranch: Bool) -> Int {
        let layout = Layout(size: size, width: width, tileSide: tileSide, hasBlurBranch: hasBlurBranch)
        return layout.features.bytes + layout.workBytes
    }

    /// Bytes held now. For tests.
    package var capacityBytes: Int { features.capacityBytes + (work?.capacityBytes ?? 0) }

    package func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double {
        guard !isComplete else { return 1 }
        let current = stages[stage]
        let units = unit..<min(current.units, unit + current.step)
        switch current.work {
        case .estimate(let strip): try estimate(strip, units, reading: readRow)
        case .blur(let strip): makeBlur(of: strip, units)
        case .coarseBlur: blurPass?.halveAgain(units)
        case .blurHead(let scale): runBlurHead(scale, units)
        case .intro: try runIntro(units, reading: readRow)
        case .block(let block, let scale, let isFirst): run(block, scale: scale, isFirst: isFirst, units)
        case .down(let scale): runDown(scale, units)
        case .scaleCoarsest: scale(4, units)
        }
        unit = units.upperBound
        if unit == current.units {
            finishedCost += current.cost
            stage += 1
            unit = 0
            pass = nil
            estimatorLayers = []
        }
        if stage == stages.count {
            isComplete = true
            work = nil
            return 1
        }
        return (finishedCost + stages[stage].cost * Double(unit) / Double(stages[stage].units)) / totalCost
    }

    func size(atScale scale: Int) -> MapSize { layout.size.halved(scale) }
    func channels(atScale scale: Int) -> Int { layout.width << scale }
}
