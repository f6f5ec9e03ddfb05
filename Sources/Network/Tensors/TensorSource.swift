import Checkpoints

/// Where tensors come from, and what a network has asked for.
final class TensorSource {
    private enum Numbers {
        case none
        case archive(TensorArchive)
        case random(seed: UInt64, change: ((_ name: String, _ value: Float) -> Float)?)
    }

    private let numbers: Numbers
    /// What has been asked for, by name.
    private(set) var shapes: [String: [Int]] = [:]
    /// Beginnings of names that files may have besides.
    private(set) var unused: [String] = []
    /// Why the network cannot be computed with these numbers.
    private(set) var refusals: [String] = []

    private init(_ numbers: Numbers) { self.numbers = numbers }

    /// Has no numbers: to hear what a network asks for.
    static func listening() -> TensorSource { TensorSource(.none) }

    /// A checkpoint whose names and shapes have been checked.
    static func file(_ archive: TensorArchive) -> TensorSource { TensorSource(.archive(archive)) }

    /// Seeded random numbers that keep activations of ordinary size: for measuring, where values do not matter.
    ///
    /// - Parameter change: what to make of a value of the tensor of that name.
    static func random(seed: UInt64, change: ((_ name: String, _ value: Float) -> Float)?) -> TensorSource {
        TensorSource(.random(seed: seed, change: change))
    }

    var hasNumbers: Bool {
        if case .none = numbers { false } else { true }
    }

    func declare(_ name: String, _ shape: [Int]) {
        let before = shapes.updateValue(shape, forKey: name)
        precondition(before == nil || before == shape, "\(name) is asked for in two shapes")
    }

    func leaveAlone(_ beginning: String) { unused.append(beginning) }

    func refuse(_ reason: String) {
        if hasNumbers { refusals.append(reason) }
    }

    /// All numbers of a tensor; none without numbers, whatever its shape: nobody has seen yet that a file has it.
    ///
    /// - Parameter random: in place of random numbers, by index.
    func floats(_ name: String, _ shape: [Int], random: ((_ index: Int) -> Float)? = nil) -> [Float] {
        declare(name, shape)
        switch numbers {
        case .none:
            return []
        case .archive(let archive):
            guard let tensor = archive[name], tensor.shape == shape else { preconditionFailure("unchecked \(name)") }
            return tensor.floats()
        case .random(let seed, let change):
            if let random { return (0..<shape.reduce(1, *)).map { change?(name, random($0)) ?? random($0) } }
            return Self.random(name, shape, seed: seed, change: change)
        }
    }

    private static func random(
        _ name: String, _ shape: [Int], seed: UInt64, change: ((_ name: String, _ value: Float) -> Float)?
    ) -> [Float] {
        let fanIn = max(1, shape.dropFirst().reduce(1, *)), count = shape.reduce(1, *)
        // One stream per tensor, so that the order of loading does not matter.
        var state = name.utf8.reduce(seed &* 0x9E37_79B9_7F4A_7C15 | 1) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let scale = shape.count > 1 && fanIn > 1 ? (3 / Float(fanIn)).squareRoot() * 0.5 : 0.5
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let value = (Float(state >> 40) / Float(1 << 23) - 1) * scale
                buffer[index] = change?(name, value) ?? value
            }
            initialized = count
        }
    }
}
