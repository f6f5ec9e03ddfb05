import Kernels

extension AdaRevD: TileNetwork {
    public var subDecoders: Int { architecture.subDecoders }

    public func makeWorkspace(team: ThreadTeam) -> Workspace {
        Workspace(
            width: architecture.width, hasBlurBranch: architecture.encoder == .ufpnet, kernels: kernels, team: team)
    }

    public func workspaceBytes(tileSide: Int) -> Int {
        Workspace.bytes(
            for: MapSize(height: tileSide, width: tileSide), width: architecture.width,
            hasBlurBranch: architecture.encoder == .ufpnet)
    }

    public func prepare(height: Int, width: Int, in workspace: Workspace) -> Bool {
        workspace.prepare(MapSize(height: height, width: width))
    }

    public func begin(tile index: Int, in workspace: Workspace) { workspace.tileIndex = index }

    /// Which channel stands at each place of what a kernel probe sees; empty without a kernel branch.
    package var blurOrder: [Int] {
        if case .ufpnet(let encoder) = encoder { encoder.blurOrder } else { [] }
    }

    public func encode(
        _ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool, in workspace: Workspace
    ) -> TileAssessment {
        encode(tile, height: height, width: width, classify: classify, in: workspace, observe: nil)
    }

    /// - Parameter observe: gets each unscaled encoder feature e_i (scale, map).
    package func encode(
        _ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool, in workspace: Workspace,
        observe: ((Int, UnsafePointer<Float>) -> Void)?
    ) -> TileAssessment {
        precondition(
            height > 0 && width > 0 && height % 16 == 0 && width % 16 == 0, "a tile of \(height)×\(width) pixels")
        workspace.require(MapSize(height: height, width: width))
        encoder.run(tile, kernels: kernels, in: workspace, observe: observe)
        return assess(classify: classify, in: workspace)
    }

    /// What the classifier says about the features in the workspace.
    func assess(classify: Bool, in workspace: Workspace) -> TileAssessment {
        guard classify, let classifier else { return TileAssessment() }
        var logits: [Float] = []
        workspace.timed("classifier") { logits = classifier.logits(kernels: kernels, in: workspace) }
        // The first of the largest.
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return TileAssessment(degradationClass: best, logits: logits)
    }

    /// κ at scale 1/2 or 1/4 (1 or 2) of the last tile, `(height, width, 361)`, channels in order; empty without a kernel
    /// branch. For tests.
    package func blur(atScale scale: Int, in workspace: Workspace) -> [Float] {
        guard let map = workspace.blurMemory?.halved[scale - 1] else { return [] }
        return (0..<map.rows).flatMap { row in
            UnsafeBufferPointer(start: map.pixels(row), count: map.width * BlurMap.channels)
        }
    }

    public func leaves(
        after depth: Int, _ assessment: TileAssessment, under policy: ExitPolicy, in workspace: Workspace
    ) -> Bool {
        if depth >= subDecoders { return true }
        switch policy {
        case .fixed(let exit):
            return depth >= exit
        case .table(let exits):
            guard let tileClass = assessment.degradationClass, exits.indices.contains(tileClass) else { return false }
            return depth >= exits[tileClass]
        case .regressor(let thresholds):
            guard let gain = predictedGain(after: depth, in: workspace) else { return false }
            return gain <= thresholds[depth - 1]
        }
    }

    /// What a regressor expects of sub-decoder `depth` + 1, in dB; nil at depth 0 and without a regressor. May run that
    /// sub-decoder's first level, which ``advance(to:in:)`` then does not repeat.
    package func predictedGain(after depth: Int, in workspace: Workspace) -> Float? {
        guard let regressor, depth >= 1, depth < subDecoders else { return nil }
        if regressor.input.readsUpdatedD4, workspace.levelsDone == 0 {
            decoders[depth].runLevel(0, kernels: kernels, in: workspace)
            workspace.levelsDone = 1
        }
        return regressor.gain(step: depth, kernels: kernels, in: workspace)
    }

    public func advance(to subDecoder: Int, in workspace: Workspace) {
        for level in workspace.levelsDone..<4 {
            decoders[subDecoder - 1].runLevel(level, kernels: kernels, in: workspace)
        }
        workspace.levelsDone = 0
    }

    /// Undoes ``advance(to:in:)`` (Eq. 10): the maps become what they were before that sub-decoder, up to rounding. Each
    /// level divides by α, so that errors grow where |α| is small.
    package func retreat(from subDecoder: Int, in workspace: Workspace) {
        for level in (0..<4).reversed() {
            decoders[subDecoder - 1].runLevel(level, inverse: true, kernels: kernels, in: workspace)
        }
    }

    public func writeResidual(
        ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>, in workspace: Workspace
    ) {
        let size = workspace.size(atScale: 0)
        // Reads the map, writes and reads each tap's share, writes the residual.
        workspace.timed("head", floats: size.pixels * (workspace.channels(atScale: 0) + 57)) {
            decoders[subDecoder - 1].head.run(
                workspace.maps[0], size: size, work: workspace.wide, to: residual,
                team: workspace.team)
        }
    }

    /// The current features at scale 1/2^`scale`, `(height, width, channels)`: d1…d4 for 0…3, f4 for 4. For tests.
    package func features(atScale scale: Int, in workspace: Workspace) -> [Float] {
        let count = workspace.size(atScale: scale).pixels * workspace.channels(atScale: scale)
        return Array(UnsafeBufferPointer(start: workspace.maps[scale], count: count))
    }
}

/// Encoding of whole images (specification 11, mode A).
extension AdaRevD {
    public func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? {
        WholeImageEncoding.bytes(
            size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            hasBlurBranch: architecture.encoder == .ufpnet)
    }

    public func makeImageEncoding(
        height: Int, width: Int, tileSide: Int, team: ThreadTeam
    ) -> (any ImageEncoding)? {
        WholeImageEncoding(
            encoder, size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            kernels: kernels, team: team)
    }

    public func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool,
        in workspace: Workspace
    ) -> TileAssessment {
        guard let image = image as? WholeImageEncoding, image.isComplete else {
            preconditionFailure("not a complete encoding of this network")
        }
        precondition(
            [row, column, height, width].allSatisfy { $0 >= 0 && $0 % 16 == 0 } && height > 0 && width > 0
                && row + height <= image.size(atScale: 0).height && column + width <= image.size(atScale: 0).width,
            "a tile of \(height)×\(width) pixels at \(row), \(column)")
        workspace.require(MapSize(height: height, width: width))
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
        return assess(classify: classify, in: workspace)
    }
}
