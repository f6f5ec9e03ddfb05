import Network

/// How an image is restored.
public struct RestorationOptions: Sendable {
    /// When tiles leave the chain of sub-decoders.
    public var exit: ExitPolicy
    /// What the encoder sees at a time.
    public var mode: EncodingMode
    /// How overlapping tiles are weighted.
    public var blend: BlendStyle
    /// 0…1: restored = input + strength · residual.
    public var strength: Float
    /// What tells garbage from a restoration; nil believes everything.
    public var tileGuard: TileGuard?
    /// Encoder and classifier only: tells classes and exits, writes nothing to the sink.
    public var dryRun: Bool
    /// Asked when a tile is handed to a worker: after how many sub-decoders (0…K) the tile has to leave at the latest,
    /// nil for no limit. For deadlines. Called on a worker thread, has to be quick; what it answers may depend on the
    /// clock, and then so do the bytes of the result. With ``EncodingMode/whole`` it is also asked for tile 0 while the
    /// image is being encoded: 0 then leaves the whole image as it came.
    public var depthLimit: (@Sendable (DepthRequest) -> Int?)?

    public init(
        exit: ExitPolicy, mode: EncodingMode = .tile, blend: BlendStyle = .edgeSafe, strength: Float = 1,
        tileGuard: TileGuard? = TileGuard(), dryRun: Bool = false,
        depthLimit: (@Sendable (DepthRequest) -> Int?)? = nil
    ) {
        self.exit = exit
        self.mode = mode
        self.blend = blend
        self.strength = strength
        self.tileGuard = tileGuard
        self.dryRun = dryRun
        self.depthLimit = depthLimit
    }

    /// - Throws: ``TilesError/badOption(name:value:expected:)``.
    func validate(subDecoders: Int) throws(TilesError) {
        guard strength >= 0, strength <= 1 else {
            throw .badOption(name: "strength", value: "\(strength)", expected: "0…1")
        }
        switch exit {
        case .fixed(let depth) where !(1...subDecoders).contains(depth):
            throw .badOption(name: "exit", value: "\(depth)", expected: "1…\(subDecoders)")
        case .table(let table) where table.isEmpty || !table.allSatisfy { (0...subDecoders).contains($0) }:
            throw .badOption(name: "exit table", value: "\(table)", expected: "sub-decoders 0…\(subDecoders)")
        default: break
        }
    }
}

/// What is known when a tile's depth may be limited.
public struct DepthRequest: Sendable {
    /// Number of the tile, row by row.
    public var tile: Int
    /// Tiles of the image.
    public var total: Int
    /// Tiles of the image that no worker has yet, without this one.
    public var waiting: Int
    /// Since the image was enqueued.
    public var secondsSinceEnqueued: Double
    /// K of the network.
    public var subDecoders: Int
}
