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

    let subDecoders: Int
    private let rule: Rule
    /// Class of a tile by its first value.
    private let classify: @Sendable (Float) -> Int
    /// Runs within each step, with the tile's first value.
    private let onStep: @Sendable (Step, Float) -> Void
    /// Parts in which a whole image is encoded; nil when it cannot be.
    let imageParts: Int?
    private let counts = Mutex<[Step: Int]>([:])
    private let runs = Mutex(0)

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
    /// Runs that somebody holds.
    var liveRuns: Int { runs.withLock { $0 } }

    func makeSteps(team: ThreadTeam) -> any TileSteps { Steps(network: self, team: team) }

    func workspaceBytes(tileSide: Int) -> Int { 0 }

    func note(_ step: Step, _ first: Float) {
        counts.withLock { $0[step, default: 0] += 1 }
        onStep(step, first)
    }

    /// The memory of one run.
    private final class Steps: TileSteps {
        private let network: RuleNetwork
        private let team: ThreadTeam
        private var tile: [Float] = []
        private var height = 0
        private var width = 0
        private var depth = -1
        private let isInUse = Atomic<Bool>(false)

        init(network: RuleNetwork, team: ThreadTeam) {
            self.network = network
            self.team = team
            network.runs.withLock { $0 += 1 }
        }

        deinit { network.runs.withLock { $0 -= 1 } }

        func encode(_ input: TileInput, classify: Bool) -> TileAssessment {
            let (height, width) = (input.height, input.width)
            precondition(height % 16 == 0 && width % 16 == 0 && height > 0 && width > 0)
            let tile: [Float]
            switch input.source {
            case .pixels(let pixels): tile = Array(UnsafeBufferPointer(start: pixels, count: height * width * 3))
            case .features(let image, let row, let column):
                guard let image = image as? RuleImage else { preconditionFailure("another network's image") }
                tile = image.tile(row: row, column: column, height: height, width: width)
            }
            alone(.encode, tile[0]) {
                self.tile = tile
                self.height = height
                self.width = width
                depth = 0
            }
            guard classify else { return TileAssessment() }
            return TileAssessment(degradationClass: network.classify(tile[0]), logits: [tile[0]])
        }

        func advance(to subDecoder: Int) {
            alone(.advance(subDecoder), tile[0]) {
                precondition(
                    subDecoder == depth + 1 && subDecoder <= network.subDecoders, "sub-decoders out of order")
                depth = subDecoder
            }
        }

        func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>) {
            alone(.head(subDecoder), tile[0]) {
                precondition(subDecoder == depth && subDecoder > 0, "head of other features")
                let (width, tile, rule) = (width, tile, network.rule)
                nonisolated(unsafe) let residual = residual  // chunks write disjoint rows
                team.parallelFor(height) { y in
                    for x in 0..<width {
                        for channel in 0..<3 {
                            let index = (y * width + x) * 3 + channel
                            residual[index] = rule(subDecoder, y, x, channel, tile[index])
                        }
                    }
                }
            }
        }

        private func alone(_ step: Step, _ first: Float, _ body: () -> Void) {
            precondition(!isInUse.exchange(true, ordering: .acquiring), "two threads in one run")
            network.note(step, first)
            body()
            isInUse.store(false, ordering: .releasing)
        }
    }
}
