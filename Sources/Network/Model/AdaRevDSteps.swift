import Kernels

extension AdaRevD: TileNetwork {
    public var subDecoders: Int { architecture.subDecoders }

    public func makeSteps(team: ThreadTeam) -> any TileSteps { AdaRevDSteps(self, team: team) }

    public func workspaceBytes(tileSide: Int) -> Int {
        TileCost.bytes(architecture, side: tileSide)
    }

    public func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? {
        WholeImageEncoding.bytes(
            size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            hasBlurBranch: architecture.encoder == .ufpnet)
    }

    public func makeImageEncoding(
        height: Int, width: Int, tileSide: Int, team: ThreadTeam
    ) -> (any ImageEncoding)? {
        WholeImageEncoding(
            layers.encoder, layers.blurEncoder, size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            kernels: kernels, team: team)
    }

    /// Which channel stands at each place of what a ``BlurProbe`` sees; empty without a kernel branch.
    package var blurOrder: [Int] { layers.blurEncoder?.blurOrder ?? [] }
}

/// The network at work on one tile: its steps, and the memory between them.
public final class AdaRevDSteps: TileSteps {
    private let network: AdaRevD
    private let workspace: Workspace
    /// nil for encoders without a kernel branch.
    private let blur: BlurWorkspace?
    /// Levels of the sub-decoder that has begun but not ended (a regressor may run the first one early).
    private var levelsDone = 0

    private var kernels: KernelSet { network.kernels }

    /// - Parameters:
    ///   - team: whose idle members help with every step.
    ///   - clock: adds up where time goes.
    ///   - network: with its weights.
    public init(_ network: AdaRevD, team: ThreadTeam, clock: StageClock? = nil) {
        self.network = network
        blur = network.layers.blurEncoder == nil ? nil : BlurWorkspace()
        workspace = Workspace(width: network.architecture.width, tenant: blur, kernels: network.kernels, team: team)
        workspace.clock = clock
    }

    public func prepare(height: Int, width: Int) -> Bool { workspace.prepare(MapSize(height: height, width: width)) }

    public func encode(_ tile: TileInput, classify: Bool) -> TileAssessment {
        encode(tile, classify: classify, observe: nil)
    }

    /// - Parameter observe: gets each unscaled encoder feature e_i (scale, map).
    package func encode(
        _ tile: TileInput, classify: Bool, observe: ((Int, UnsafePointer<Float>) -> Void)?
    ) -> TileAssessment {
        precondition(
            tile.height > 0 && tile.width > 0 && tile.height % 16 == 0 && tile.width % 16 == 0,
            "a tile of \(tile.height)×\(tile.width) pixels")
        workspace.require(MapSize(height: tile.height, width: tile.width))
        levelsDone = 0
        switch tile.source {
        case .features(let image, let row, let column):
            take(from: image, row: row, column: column)
        case .pixels(let pixels):
            if let encoder = network.layers.blurEncoder, let blur {
                blur.tileIndex = tile.index
                encoder.run(pixels, kernels: kernels, in: workspace, blur, observe: observe)
            } else {
                network.layers.encoder.run(pixels, kernels: kernels, in: workspace, observe: observe)
            }
        }
        return classify ? assess() : TileAssessment()
    }

    /// Copies the tile's features f0…f4 from those of its image.
    private func take(from image: any ImageEncoding, row: Int, column: Int) {
        guard let image = image as? WholeImageEncoding, image.isComplete else {
            preconditionFailure("not a complete encoding of this network")
        }
        let tile = workspace.tile, whole = image.size(atScale: 0)
        precondition(
            row >= 0 && column >= 0 && row % 16 == 0 && column % 16 == 0
                && row + tile.height <= whole.height && column + tile.width <= whole.width,
            "a tile of \(tile.height)×\(tile.width) pixels at \(row), \(column)")
        workspace.timed("features") {
            for scale in 0...4 {
                let c = workspace.channels(atScale: scale), from = image.size(atScale: scale).width * c
                let to = workspace.size(atScale: scale), start = (row >> scale) * from + (column >> scale) * c
                workspace.team.parallelFor(to.height) { y in
                    (workspace.maps[scale] + y * to.width * c).update(
                        from: image.maps[scale] + start + y * from, count: to.width * c)
                }
            }
        }
    }

    /// What the classifier says about the features in the workspace.
    private func assess() -> TileAssessment {
        guard let classifier = network.layers.classifier else { return TileAssessment() }
        var logits: [Float] = []
        workspace.timed("classifier") { logits = classifier.logits(kernels: kernels, in: workspace) }
        // The first of the largest.
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return TileAssessment(degradationClass: best, logits: logits)
    }

    /// May run the next sub-decoder's first level, which ``advance(to:)`` then does not repeat.
    public func predictedGain(after subDecoder: Int) -> Float? {
        guard let regressor = network.layers.regressor, subDecoder >= 1, subDecoder < network.subDecoders else { return nil }
        if regressor.input.readsUpdatedD4, levelsDone == 0 {
            network.layers.decoders[subDecoder].runLevel(0, kernels: kernels, in: workspace)
            levelsDone = 1
        }
        return regressor.gain(step: subDecoder, kernels: kernels, in: workspace)
    }

    public func advance(to subDecoder: Int) {
        for level in levelsDone..<4 {
            network.layers.decoders[subDecoder - 1].runLevel(level, kernels: kernels, in: workspace)
        }
        levelsDone = 0
    }

    public func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>) {
        let size = workspace.size(atScale: 0)
        // Reads the map, writes and reads each tap's share, writes the residual.
        workspace.timed("head", floats: size.pixels * (workspace.channels(atScale: 0) + 57)) {
            network.layers.decoders[subDecoder - 1].head.run(
                workspace.maps[0], size: size, work: workspace.wide, to: residual, team: workspace.team)
        }
    }
}

// MARK: For tests

extension AdaRevDSteps {
    /// Undoes ``advance(to:)`` (Eq. 10): the maps become what they were before that sub-decoder, up to rounding. Each
    /// level divides by α, so that errors grow where |α| is small.
    package func retreat(from subDecoder: Int) {
        for level in (0..<4).reversed() {
            network.layers.decoders[subDecoder - 1].runLevel(level, inverse: true, kernels: kernels, in: workspace)
        }
    }

    /// The current features at scale 1/2^`scale`, `(height, width, channels)`: d1…d4 for 0…3, f4 for 4.
    package func features(atScale scale: Int) -> [Float] {
        let count = workspace.size(atScale: scale).pixels * workspace.channels(atScale: scale)
        return Array(UnsafeBufferPointer(start: workspace.maps[scale], count: count))
    }

    /// κ at scale 1/2 or 1/4 (1 or 2) of the last tile, `(height, width, 361)`, channels in order; empty without a kernel
    /// branch.
    package func blur(atScale scale: Int) -> [Float] {
        guard let map = blur?.halved[scale - 1] else { return [] }
        return (0..<map.rows).flatMap { row in
            UnsafeBufferPointer(start: map.pixels(row), count: map.width * BlurMap.channels)
        }
    }

    /// Looks at what the kernel branch computes.
    package var blurProbe: BlurProbe? {
        get { blur?.probe }
        set { blur?.probe = newValue }
    }

    /// Bytes reserved for a tile (touched as far as its size needs).
    package var capacityBytes: Int { workspace.capacityBytes }
}
