/// The ε of specification 5.2, drawn from a counter instead of a stream: it depends on seed, tile, pixel and channel
/// alone, so that neither threads nor the order of tiles matter. Not PyTorch's numbers for the same seed.
struct BlurNoise: Sendable {
    let seed: UInt64

    /// The key of a tile's noise.
    func key(tile: Int) -> UInt64 {
        Self.mixed(Self.mixed(seed &+ 0x9E37_79B9_7F4A_7C15) &+ UInt64(truncatingIfNeeded: tile) &* 0xD1B5_4A32_D192_ED03)
    }

    /// splitmix64's finaliser.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What a test may look at on the way to κ.
package enum BlurStage: Sendable {
    /// One σ per pixel.
    case sigma
    /// m of specification 5.1, 361 per pixel, in the order of ``AdaRevD/blurOrder``; likewise the next two.
    case softmax
    /// u of specification 5.2.
    case code
    /// κ.
    case blurKernel
}

/// Gets the number of the first pixel, how many there are, and their values; called from several threads at once.
package typealias BlurProbe = @Sendable (BlurStage, _ first: Int, _ pixels: Int, UnsafePointer<Float>) -> Void
