/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same seed on every machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Evenly spread over `lowest ..< highest`.
    public mutating func uniform(_ lowest: Float = -1, _ highest: Float = 1) -> Float {
        lowest + (highest - lowest) * Float(next() >> 40) * 0x1p-24
    }

    /// `count` values spread evenly over `lowest ..< highest`.
    public mutating func floats(_ count: Int, _ lowest: Float = -1, _ highest: Float = 1) -> [Float] {
        (0..<count).map { _ in uniform(lowest, highest) }
    }

    /// Evenly spread over `range`.
    public mutating func integer(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }
}
