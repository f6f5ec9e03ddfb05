import Kernels
import Network
import Tiles

/// Takes single tiles of a picture through every sub-decoder and shows what each of them makes of it.
final class DeepTile<Network: TileNetwork> {
    private let network: Network
    private let workspace: Network.Workspace
    /// `(tileHeight, tileWidth, 3)`; so is `residual`.
    private var tile: [Float] = []
    private var residual: [Float] = []

    init(_ network: Network, team: ThreadTeam) {
        self.network = network
        workspace = network.makeWorkspace(team: team)
    }

    /// - Parameters:
    ///   - policy: whose exit is told; nil runs the classifier alone.
    ///   - visit: gets the residual of depth 1…K in turn, `(grid.tileHeight, grid.tileWidth, 3)`.
    /// - Returns: what the classifier says, and the exit under `policy`.
    @discardableResult
    func run(
        _ index: Int, of grid: TileGrid, from picture: FloatImage, policy: ExitPolicy? = nil,
        visit: (_ depth: Int, _ residual: UnsafePointer<Float>) throws -> Void
    ) rethrows -> (assessment: TileAssessment, exit: Int) {
        read(index, of: grid, from: picture)
        residual = [Float](repeating: 0, count: grid.tileValues)
        let assessment = network.encode(
            tile, height: grid.tileHeight, width: grid.tileWidth, classify: true, in: workspace)
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
