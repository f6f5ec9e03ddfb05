import Kernels
import Network

/// The tile of the self test: a ramp under noise, drawn from a fixed seed, so that it need not be stored.
enum KnownTile {
    /// Pixels; small, so that the largest models answer in a second or two.
    static let side = 96
    static let samples = 64

    /// `(side, side, 3)`, RGB, 0…1.
    static func pixels() -> [Float] {
        var state: UInt64 = 0x6465_626C_7572
        return (0..<side * side * 3).map { index in
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            let noise = Float((z ^ (z >> 31)) >> 40) / Float(1 << 24)
            let ramp = Float(index / 3 % side + index / 3 / side) / Float(2 * side - 2)
            return 0.2 + 0.4 * ramp + 0.2 * noise
        }
    }

    /// Everything the network says about the tile: the classifier's outputs and the whole residual of each exit.
    static func answer(of network: any TileNetwork, team: ThreadTeam) -> (logits: [Float], residuals: [[Float]]) {
        let answer = network.makeRun(team: team).residuals(of: pixels(), height: side, width: side)
        return (answer.assessment.logits, answer.residuals)
    }

    /// Every so many-th value, so that all rows and channels are met.
    static func sample(_ residual: [Float]) -> [Float] {
        (0..<samples).map { residual[($0 * (residual.count - 1)) / (samples - 1)] }
    }
}
