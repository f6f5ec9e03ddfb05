import Kernels
import Network

final class NetworkSteps<Network: TileNetwork>: TileSteps {
    private let network: Network
    private let workspace: Network.Workspace

    init(_ network: Network, team: ThreadTeam) {
        self.network = network
        workspace = network.makeWorkspace(team: team)
    }

    func prepare(height: Int, width: Int) -> Bool {
        network.prepare(height: height, width: width, in: workspace)
    }

    func begin(tile index: Int) {
        network.begin(tile: index, in: workspace)
    }

    func encode(_ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool) -> TileAssessment {
        network.encode(tile, height: height, width: width, classify: classify, in: workspace)
    }

    func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool
    ) -> TileAssessment {
        network.encode(
            tileAtRow: row, column: column, height: height, width: width, of: image, classify: classify, in: workspace)
    }

    func leaves(after subDecoder: Int, _ assessment: TileAssessment, under policy: ExitPolicy) -> Bool {
        network.leaves(after: subDecoder, assessment, under: policy, in: workspace)
    }

    func advance(to subDecoder: Int) {
        network.advance(to: subDecoder, in: workspace)
    }

    func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>) {
        network.writeResidual(ofExit: subDecoder, to: residual, in: workspace)
    }
}

/// Opens the existential: the one place that knows the network's type.
func makeSteps(_ network: some TileNetwork, team: ThreadTeam) -> any TileSteps {
    NetworkSteps(network, team: team)
}
