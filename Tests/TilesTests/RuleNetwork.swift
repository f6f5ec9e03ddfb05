import Foundation
import Kernels
import Network
import Synchronization

/// A network without weights: tests say what each tile gets. It traps when it is called out of order or by two threads
/// at once, and counts its steps.
final class RuleNetwork: TileNetwork, @unchecked Sendable {
    // Safe to share: constants, and counters behind a lock.

    enum Step: Sendable, Hashable {
        case encode
        case advance(Int)
        case head(Int)
        /// Part of encoding a whole image.
        case image(Int)
    }

    /// Residual of one value at a depth: row and column within the tile, channel, and the input's value.
    typealias Rule = @Sendable (_ depth: Int, _ y: Int, _ x: Int, _ channel: Int, _ input: Float) -> Float

    final class Workspace {
        let team: ThreadTeam
        var tile: [Float] = []
        var height = 0
        var width = 0
        var depth = -1
        let isInUse = Atomic<Bool>(false)
        let onDeinit: @Sendable () -> Void

        init(team: ThreadTeam, onDeinit: @escaping @Sendable () -> Void) {
            self.team = team
            self.onDeinit = onDeinit
        }

        deinit { onDeinit() }
    }

    let subDecoders: Int
    private let rule: Rule
    /// Class of a tile by its first value.
    private let classify: @Sendable (Float) -> Int
    /// Runs within each step, with the tile's first value.
    private let onStep: @Sendable (Step, Float) -> Void
    /// Parts in which a whole image is encoded; nil when it cannot be.
    let imageParts: Int?
    private let counts = Mutex<[Step: Int]>([:])
    private let workspaces = Mutex(0)

    init(
        subDecoders: Int = 4, imageParts: Int? = nil, classify: @escaping @Sendable (Float) -> Int = { _ in 0 },
        onStep: @escaping @Sendable (Step, Float) -> Void = { _, _ in }, rule: @escaping Rule = { _, _, _, _, _ in 0 }
    ) {
        self.subDecoders = subDecoders
        self.imageParts = imageParts
        self.classify = classify
        self.onStep = onStep
        self.rule = rule
    }

    /// How often each step ran.
    var steps: [Step: Int] { counts.withLock { $0 } }
    var liveWorkspaces: Int { workspaces.withLock { $0 } }

    func makeWorkspace(team: ThreadTeam) -> Workspace {
        workspaces.withLock { $0 += 1 }
        return Workspace(team: team) { [self] in workspaces.withLock { $0 -= 1 } }
    }

    func workspaceBytes(tileSide: Int) -> Int { 0 }

    func encode(
        _ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool, in workspace: Workspace
    ) -> TileAssessment {
        begin(Array(UnsafeBufferPointer(start: tile, count: height * width * 3)), height, width, classify, workspace)
    }

    func begin(
        _ tile: [Float], _ height: Int, _ width: Int, _ wantsClass: Bool, _ workspace: Workspace
    ) -> TileAssessment {
        alone(workspace, .encode, tile[0]) {
            precondition(height % 16 == 0 && width % 16 == 0 && height > 0 && width > 0)
            workspace.tile = tile
            workspace.height = height
            workspace.width = width
            workspace.depth = 0
        }
        return wantsClass ? TileAssessment(degradationClass: classify(tile[0]), logits: [tile[0]]) : TileAssessment()
    }

    func leaves(
        after subDecoder: Int, _ assessment: TileAssessment, under policy: ExitPolicy, in workspace: Workspace
    ) -> Bool {
        switch policy {
        case .fixed(let depth): subDecoder >= depth
        case .table(let table): subDecoder >= table[assessment.degradationClass!]
        case .regressor: subDecoder >= subDecoders
        }
    }

    func advance(to subDecoder: Int, in workspace: Workspace) {
        alone(workspace, .advance(subDecoder), workspace.tile[0]) {
            precondition(subDecoder == workspace.depth + 1 && subDecoder <= subDecoders, "sub-decoders out of order")
            workspace.depth = subDecoder
        }
    }

    func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>, in workspace: Workspace) {
        alone(workspace, .head(subDecoder), workspace.tile[0]) {
            precondition(subDecoder == workspace.depth && subDecoder > 0, "head of other features")
            let (height, width) = (workspace.height, workspace.width)
            nonisolated(unsafe) let residual = residual  // chunks write disjoint rows
            workspace.team.parallelFor(height) { y in
                for x in 0..<width {
                    for channel in 0..<3 {
                        let index = (y * width + x) * 3 + channel
                        residual[index] = rule(subDecoder, y, x, channel, workspace.tile[index])
                    }
                }
            }
        }
    }

    func note(_ step: Step, _ first: Float) {
        counts.withLock { $0[step, default: 0] += 1 }
        onStep(step, first)
    }

    private func alone(_ workspace: Workspace, _ step: Step, _ first: Float, _ body: () -> Void) {
        precondition(!workspace.isInUse.exchange(true, ordering: .acquiring), "two threads in one workspace")
        note(step, first)
        body()
        workspace.isInUse.store(false, ordering: .releasing)
    }
}
