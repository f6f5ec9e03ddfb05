import Kernels
import Network
import Tiles

/// Takes the tiles of a picture through every sub-decoder, one at a time, and shows what each of them makes of it.
final class DeepTile<Network: TileNetwork> {
    private let network: Network
    private let team: ThreadTeam
    private let workspace: Network.Workspace
    private var grid: TileGrid?
    private var picture: FloatImage?
    /// Of the picture at hand, where its grid asks for it.
    private var encoding: (any ImageEncoding)?
    /// `(tileHeight, tileWidth, 3)`; so is `residual`.
    private var tile: [Float] = []
    private var residual: [Float] = []

    init(_ network: Network, team: ThreadTeam) {
        self.network = network
        self.team = team
        workspace = network.makeWorkspace(team: team)
    }

    /// Turns to a picture, and encodes it where the grid says that it is encoded as a whole.
    ///
    /// - Throws: `TilesError` when the network or the memory do not allow that.
    func open(_ picture: FloatImage, _ grid: TileGrid) throws {
        (self.picture, self.grid, encoding) = (picture, grid, nil)
        guard grid.encodesWholeImage else { return }
        let (height, width) = (grid.rows.paddedLength, grid.columns.paddedLength)
        // With several tiles every tile has the model's side on the longer axis.
        let side = max(grid.tileHeight, grid.tileWidth)
        guard let encoding = network.makeImageEncoding(height: height, width: width, tileSide: side, team: team) else {
            guard let bytes = network.imageEncodingBytes(height: height, width: width, tileSide: side) else {
                throw TilesError.badOption(
                    name: "mode", value: grid.mode.rawValue,
                    expected: "tile, since the model's encoder takes tiles only")
            }
            throw TilesError.noMemory(bytes: bytes)
        }
        let columns = (0..<width).map { grid.columns.source(of: $0) * 3 }
        var share = 0.0
        while share < 1 {
            share = try encoding.advance { y, row in
                let line = grid.rows.source(of: y) * picture.width * 3
                for (x, from) in columns.enumerated() {
                    for c in 0..<3 { row[3 * x + c] = picture.pixels[line + from + c] }
                }
            }
        }
        self.encoding = encoding
    }

    /// One tile of the picture that was opened.
    ///
    /// - Parameters:
    ///   - policy: whose exit is told; nil runs the classifier alone.
    ///   - visit: gets the residual of depth 1…K in turn, `(grid.tileHeight, grid.tileWidth, 3)`.
    /// - Returns: what the classifier says, and the exit under `policy`.
    @discardableResult
    func run(
        _ index: Int, policy: ExitPolicy? = nil, visit: (_ depth: Int, _ residual: UnsafePointer<Float>) throws -> Void
    ) rethrows -> (assessment: TileAssessment, exit: Int) {
        guard let grid, let picture else { preconditionFailure("no picture was opened") }
        residual = [Float](repeating: 0, count: grid.tileValues)
        network.begin(tile: index, in: workspace)
        let assessment = encode(index, of: grid, from: picture)
        var exit: Int?
        for depth in 0...network.subDecoders {
            if depth > 0 {
                network.advance(to: depth, in: workspace)
                network.writeResidual(ofExit: depth, to: &residual, in: workspace)
                try visit(depth, residual)
            }
            if exit == nil, let policy, network.leaves(after: depth, assessment, under: policy, in: workspace) {
                exit = depth
            }
        }
        return (assessment, exit ?? network.subDecoders)
    }

    private func encode(_ index: Int, of grid: TileGrid, from picture: FloatImage) -> TileAssessment {
        guard let encoding else {
            read(index, of: grid, from: picture)
            return network.encode(
                tile, height: grid.tileHeight, width: grid.tileWidth, classify: true, in: workspace)
        }
        let (row, column) = grid.position(of: index)
        return network.encode(
            tileAtRow: grid.rows.starts[row], column: grid.columns.starts[column], height: grid.tileHeight,
            width: grid.tileWidth, of: encoding, classify: true, in: workspace)
    }

    /// Mirrored where the picture is smaller than a tile.
    private func read(_ index: Int, of grid: TileGrid, from picture: FloatImage) {
        let (row, column) = grid.position(of: index)
        let columns = (0..<grid.tileWidth).map { grid.columns.source(of: grid.columns.starts[column] + $0) * 3 }
        tile = [Float](repeating: 0, count: grid.tileValues)
        for y in 0..<grid.tileHeight {
            let line = grid.rows.source(of: grid.rows.starts[row] + y) * picture.width * 3
            let target = y * grid.tileWidth * 3
            for (x, from) in columns.enumerated() {
                for c in 0..<3 { tile[target + 3 * x + c] = picture.pixels[line + from + c] }
            }
        }
    }
}
