import Kernels

/// The memory of one tile in flight: the features that live from step to step and what each step works in.
///
/// Laid out for a tile size when the first such tile comes, then reused: no step allocates. Used by one thread at a
/// time; the chunks of a parallel loop write disjoint parts.
final class Workspace {
    let team: ThreadTeam
    /// Adds up where time goes, when somebody wants to know.
    var clock: StageClock?

    let width: Int
    /// Of the tile whose features it holds.
    private(set) var tile = MapSize(height: 0, width: 0)
    private var arena: FloatArena?
    private var largest = MapSize(height: 0, width: 0)

    /// Features at scale 1/2^i, `(pixels, w·2^i)`: i = 0…3 are d1…d4, i = 4 is f4, which no sub-decoder changes.
    private(set) var maps: [UnsafeMutablePointer<Float>] = []
    /// The map that a block works on in place, `(pixels, channels)`.
    private(set) var mixed = UnsafeMutablePointer<Float>.unset
    /// After the gate of a block's first half, `(pixels, channels)`.
    private(set) var gated = UnsafeMutablePointer<Float>.unset
    /// Before that gate, `(pixels, 2·channels)`; also the taps of a head, `(pixels, 32)`, and
    /// the weights that a block scales.
    private(set) var wide = UnsafeMutablePointer<Float>.unset
    /// `(width/2 + 1, height + 1, 2·channels)`, see `FourierTransform`.
    private(set) var spectrum = UnsafeMutablePointer<Float>.unset
    /// Pooled vectors and what is computed from them: three of 16·w.
    private(set) var vectors: [UnsafeMutablePointer<Float>] = []
    /// Partial sums for the pooling, one row of channels per chunk.
    private(set) var sums = UnsafeMutablePointer<Double>.unset

    /// An encoder's own memory, which lies here too.
    private let tenant: (any WorkspaceTenant)?
    private var transforms: [TransformKey: FourierTransform] = [:]
    private struct TransformKey: Hashable {
        let size: MapSize
        let channels: Int
    }
    private let kernels: KernelSet

    init(width: Int, tenant: (any WorkspaceTenant)?, kernels: KernelSet, team: ThreadTeam) {
        self.width = width
        self.tenant = tenant
        self.kernels = kernels
        self.team = team
    }

    /// Makes room for a tile of that size, its transforms included.
    ///
    /// - Returns: false when there is no memory for it; it can be tried again.
    func prepare(_ tile: MapSize) -> Bool {
        self.tile = tile
        return (tile == largest && arena != nil || layOut(tile)) && makeTransforms()
    }

    /// Like ``prepare(_:)`` for callers that have no way on without memory: the process ends.
    func require(_ tile: MapSize) {
        guard prepare(tile) else { fatalError("no memory for a tile of \(tile.height)×\(tile.width) pixels") }
    }

    /// Bytes reserved for a tile (touched as far as its size needs).
    var capacityBytes: Int { arena?.capacityBytes ?? 0 }

    func size(atScale scale: Int) -> MapSize { tile.halved(scale) }
    func channels(atScale scale: Int) -> Int { width << scale }

    /// The transform for the maps at that scale, 0…3.
    func transform(atScale scale: Int) -> FourierTransform {
        guard let made = transforms[transformKey(scale)] else { preconditionFailure("no tile was prepared") }
        return made
    }

    private func transformKey(_ scale: Int) -> TransformKey {
        TransformKey(size: size(atScale: scale), channels: channels(atScale: scale))
    }

    /// Those of a tile's four scales, each once. False when there is no memory for them.
    private func makeTransforms() -> Bool {
        // Photos smaller than a tile come in many sizes.
        if transforms.count > 60 { transforms.removeAll() }
        for key in (0...3).map(transformKey) where transforms[key] == nil {
            guard
                let made = FourierTransform(
                    height: key.size.height, width: key.size.width, channels: key.channels, kernels: kernels)
            else { return false }
            transforms[key] = made
        }
        return true
    }

    /// The chunks of a block's first half have at most this many partial sums (one per chunk, one per border).
    static func sumRows(height: Int) -> Int { 2 * height }

    /// Where everything lies, for tiles of one size.
    struct Layout {
        let maps: [Int]
        let mixed: Int
        let gated: Int
        let wide: Int
        let spectrum: Int
        let vectors: [Int]
        let sums: Int
        let bytes: Int

        init(_ tile: MapSize, width: Int, tenant: (any WorkspaceTenant)?) {
            var plan = FloatArena.Plan()
            maps = (0...4).map { plan.add(tile.halved($0).pixels * (width << $0)) }
            mixed = plan.add(tile.pixels * width)
            gated = plan.add(tile.pixels * width)
            tenant?.layOut(tile, in: &plan)
            // What the tenant needs before the first block alone uses the memory of what follows, which blocks need.
            var transient = plan
            tenant?.layOutTransient(in: &transient)
            // The deepest block has 16·w channels.
            wide = plan.add(max(tile.pixels * max(2 * width, ImagePatches.tapStride), 16 * width * (16 * width + 16)))
            // At a coarser scale too: half the sides, twice the channels.
            spectrum = plan.add((tile.width / 2 + 8) * (tile.height + 8) * 2 * width)
            vectors = (0..<3).map { _ in plan.add(16 * width) }
            let sumCount = (0...4).map { Workspace.sumRows(height: tile.halved($0).height) * (width << $0) }.max() ?? 0
            sums = plan.add(2 * sumCount)
            bytes = max(plan.bytes, transient.bytes)
        }
    }

    /// False when there is no memory for it.
    private func layOut(_ tile: MapSize) -> Bool {
        let layout = Layout(tile, width: width, tenant: tenant)
        if let arena, arena.capacityBytes < layout.bytes { self.arena = nil }
        guard let arena = arena ?? FloatArena(ifAvailable: layout.bytes) else { return false }
        self.arena = arena
        tenant?.place(in: arena)
        maps = layout.maps.map(arena.pointer)
        mixed = arena.pointer(layout.mixed)
        gated = arena.pointer(layout.gated)
        wide = arena.pointer(layout.wide)
        spectrum = arena.pointer(layout.spectrum)
        vectors = layout.vectors.map(arena.pointer)
        sums = UnsafeMutableRawPointer(arena.pointer(layout.sums)).assumingMemoryBound(to: Double.self)
        largest = tile
        return true
    }
}

/// Memory of an encoder that lies in the workspace's arena.
protocol WorkspaceTenant: AnyObject {
    /// - Parameter plan: gets what lives until the encoder's last block.
    func layOut(_ tile: MapSize, in plan: inout FloatArena.Plan)
    /// - Parameter plan: gets what is needed before the encoder's first block alone.
    func layOutTransient(in plan: inout FloatArena.Plan)
    /// Memory has moved; every part is where its plan says.
    func place(in arena: FloatArena)
}

/// Height and width of a map in pixels.
struct MapSize: Hashable, Sendable {
    var height: Int
    var width: Int

    var pixels: Int { height * width }
    func halved(_ times: Int) -> MapSize { MapSize(height: height >> times, width: width >> times) }
}

extension UnsafeMutablePointer {
    /// Stands in until memory is laid out; never followed.
    static var unset: Self {
        guard let pointer = Self(bitPattern: MemoryLayout<Pointee>.alignment) else { fatalError("alignment is not 0") }
        return pointer
    }
}
