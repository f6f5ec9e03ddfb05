import Kernels
import Network

/// Takes the tiles of images through every sub-decoder, one after the other, and shows what each of them makes of a tile:
/// for measuring and for pictures. Used by one thread at a time.
package final class EveryExit {
    private let network: any TileNetwork
    private let tile: TileSize
    private let team: ThreadTeam
    private let run: TileRun
    /// `(tileHeight, tileWidth, 3)` of the tile at hand; so is `residual`.
    private let pixels: AlignedFloats
    private let residual: AlignedFloats

    /// - Parameters:
    ///   - tile: of the model.
    ///   - team: whose members share each step.
    package init(_ network: any TileNetwork, tile: TileSize, team: ThreadTeam) {
        self.network = network
        self.tile = tile
        self.team = team
        run = network.makeRun(team: team)
        pixels = AlignedFloats(count: tile.side * tile.side * 3)
        residual = AlignedFloats(count: tile.side * tile.side * 3)
    }

    /// K
    package var subDecoders: Int { run.subDecoders }

    /// Turns to an image, and encodes it where its grid says that it is encoded as a whole.
    ///
    /// - Throws: ``TilesError`` when the network or the memory do not allow that, or what the source throws.
    package func open(_ source: any TileSource, _ grid: TileGrid) throws -> OpenImage {
        guard run.prepare(height: grid.tileHeight, width: grid.tileWidth) else {
            throw TilesError.noMemory(bytes: network.workspaceBytes(tileSide: tile.side))
        }
        guard grid.encodesWholeImage else { return OpenImage(exits: self, source: source, grid: grid, encoding: nil) }
        let encoding = try network.makeImageEncoding(for: grid, tile: tile, team: team)
        while try encoding.advance(reading: source, grid) < 1 {}
        return OpenImage(exits: self, source: source, grid: grid, encoding: encoding)
    }

    /// An image whose tiles can be run.
    package struct OpenImage {
        fileprivate let exits: EveryExit
        fileprivate let source: any TileSource
        fileprivate let grid: TileGrid
        fileprivate let encoding: (any ImageEncoding)?

        /// - Parameters:
        ///   - policy: whose exit is told; nil for K.
        ///   - visit: gets the residual of depth 1…K in turn, `(grid.tileHeight, grid.tileWidth, 3)`.
        /// - Returns: what the classifier says, and the exit under `policy`.
        /// - Throws: what the source or `visit` throws.
        @discardableResult
        package func run(
            _ index: Int, policy: ExitPolicy? = nil,
            visit: (_ depth: Int, _ residual: UnsafePointer<Float>) throws -> Void
        ) throws -> (assessment: TileAssessment, exit: Int) {
            try exits.run(index, of: self, policy: policy, visit: visit)
        }
    }

    private func run(
        _ index: Int, of image: OpenImage, policy: ExitPolicy?, visit: (Int, UnsafePointer<Float>) throws -> Void
    ) throws -> (assessment: TileAssessment, exit: Int) {
        let input: TileInput
        if let encoding = image.encoding {
            input = image.grid.input(index, features: encoding)
        } else {
            try TileReader.read(index, of: image.grid, from: image.source, into: pixels.pointer)
            input = image.grid.input(index, pixels: pixels.constant)
        }
        var exit: Int?
        run.begin(input, .everyExit(upTo: subDecoders))
        while let step = run.next() {
            run.perform(step, residual: residual.pointer)
            if case .head(let depth) = step { try visit(depth, residual.constant) }
            if case .subDecoder = step { continue }
            if exit == nil, let policy, run.leaves(under: policy) { exit = run.depth }
        }
        return (run.assessment, exit ?? subDecoders)
    }
}
