import Deblur
import Foundation
import Kernels
import Network
import Service
import Synchronization
import TestSupport
import Tiles

/// A network that answers at once: sub-decoder d adds d/64 to every value. Its class is 0 for dark tiles, else 1. Steps
/// can be held at a gate, so that a test decides what is running.
final class FakeNetwork: TileNetwork {
    let subDecoders = 3
    let gate: Gate
    /// What a tile in work is said to take.
    let workspaceBytes: Int
    /// NaN from exit 1 on, for the self test.
    let isBroken: Bool
    /// NaN from that exit on once it is set, for the guard.
    let breaksFrom = Mutex<Int?>(nil)

    init(gate: Gate = Gate(isOpen: true), isBroken: Bool = false, workspaceBytes: Int = 0) {
        self.gate = gate
        self.workspaceBytes = workspaceBytes
        self.isBroken = isBroken
    }

    func makeSteps(team: ThreadTeam) -> any TileSteps { Steps(network: self) }

    func workspaceBytes(tileSide: Int) -> Int { workspaceBytes }

    private final class Steps: TileSteps {
        private let network: FakeNetwork
        private var values = 0

        init(network: FakeNetwork) { self.network = network }

        func encode(_ tile: TileInput, classify: Bool) -> TileAssessment {
            network.gate.pass()
            values = tile.height * tile.width * 3
            guard classify, case .pixels(let pixels) = tile.source else { return TileAssessment() }
            return TileAssessment(degradationClass: pixels[0] < 0.5 ? 0 : 1, logits: [1, 0])
        }

        func advance(to subDecoder: Int) { network.gate.pass() }

        func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>) {
            let isBroken = network.isBroken || network.breaksFrom.withLock { $0.map { subDecoder >= $0 } ?? false }
            for index in 0..<values { residual[index] = isBroken ? .nan : Float(subDecoder) / 64 }
        }
    }
}

extension FakeNetwork {
    static let digest = "0123456789abcdef"

    /// Tiles of 32 pixels, so that small images have several.
    func model(knownAnswer: KnownAnswer? = nil, digest: String = digest) throws -> Model {
        Model(
            network: self, tile: try TileSize(side: 32, overlap: 8),
            summary: ModelSummary(
                name: "fake", digest: digest, encoder: "NAFNet", width: 1, encoderBlocks: [1, 1, 1, 1],
                subDecoders: 3, classes: 2, exitTable: [3, 1], parameters: 7, tile: 32, overlap: 8),
            kernels: "fake", knownAnswer: knownAnswer
        ) { choice in
            if let fixed = choice.fixed {
                guard fixed <= 3 else { throw ExitChoiceError(parameter: "exit", reason: "exit is outside 1…3") }
                return .fixed(fixed)
            }
            return .table(choice.tau == nil ? [3, 1] : [2, 2])
        }
    }
}

/// Holds the steps of a network until it is opened.
final class Gate: @unchecked Sendable {
    // Safe to share: the properties are touched with the condition's lock held only.
    private let condition = NSCondition()
    private var isOpen: Bool
    private var waiting = 0

    init(isOpen: Bool) { self.isOpen = isOpen }

    func pass() {
        condition.lock()
        defer { condition.unlock() }
        waiting += 1
        condition.broadcast()
        while !isOpen { condition.wait() }
        waiting -= 1
    }

    func open() {
        condition.lock()
        isOpen = true
        condition.broadcast()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isOpen = false
        condition.unlock()
    }

    /// False when nobody stands there within ten seconds.
    func waitForSomebody(count: Int = 1) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: Patience.seconds(10))
        while waiting < count { if !condition.wait(until: end) { return false } }
        return true
    }
}
