import Checkpoints
import Foundation

/// The flow's inverse as specification 5.3 and 5.4 write it, in double precision.
struct PlainFlow {
    private let archive: TensorArchive

    init(_ archive: TensorArchive) { self.archive = archive }

    private func values(_ name: String) -> [Double] {
        archive["encoder.flow.\(name)"]?.floats().map { Double($0) } ?? []
    }

    private func net(_ name: String, _ x: [Double], _ activation: (Double) -> Double) -> [Double] {
        var x = x
        for layer in [0, 2, 4] {
            let weight = values("\(name).\(layer).weight"), bias = values("\(name).\(layer).bias")
            x = bias.indices.map { row in
                x.indices.reduce(bias[row]) { $0 + weight[row * x.count + $1] * x[$1] }
            }
            if layer < 4 { x = x.map(activation) }
        }
        return x
    }

    func invert(_ u: [Double]) -> [Double] {
        var x = u
        for entry in (0..<10).reversed() {
            if entry % 2 == 1 {
                let beta = values("net.\(entry).beta"), gamma = values("net.\(entry).log_gamma")
                let mean = values("net.\(entry).running_mean"), variance = values("net.\(entry).running_var")
                x = x.indices.map {
                    (x[$0] - beta[$0]) * exp(-gamma[$0]) * (variance[$0] + 1e-5).squareRoot() + mean[$0]
                }
            } else {
                let mask = values("net.\(entry).mask"), a = zip(x, mask).map { $0 * $1 }
                let s = net("net.\(entry).s_net", a, tanh), t = net("net.\(entry).t_net", a) { max($0, 0) }
                x = x.indices.map { a[$0] + (1 - mask[$0]) * (x[$0] * exp(s[$0]) + t[$0]) }
            }
        }
        let alpha = values("alpha")[0], scale = values("normalization")[0]
        return x.map { (1 / (1 + exp(-$0)) - alpha) / (1 - 2 * alpha) * scale }
    }
}
