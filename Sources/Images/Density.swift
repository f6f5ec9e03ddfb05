/// Pixels per length, or only their aspect ratio (JFIF 1.02 §3, PNG pHYs).
public struct Density: Sendable, Equatable {
    public enum Unit: Int, Sendable {
        /// No unit: `x` to `y` is the shape of a pixel.
        case aspect = 0
        case perInch = 1
        case perCentimetre = 2
        /// PNG only; converted for JPEG.
        case perMetre = 3
    }

    public var x: Int
    public var y: Int
    public var unit: Unit

    public init(x: Int, y: Int, unit: Unit) {
        self.x = x
        self.y = y
        self.unit = unit
    }

    var transposed: Density { Density(x: y, y: x, unit: unit) }

    /// As pHYs holds it: per metre or an aspect ratio.
    var forPNG: Density? { converted(perInch: 1 / 0.0254, perCentimetre: 100, perMetre: 1, to: .perMetre, limit: 0x7FFF_FFFF) }

    /// As JFIF holds it: per inch or per centimetre, 16 bits.
    var forJPEG: Density? {
        unit == .perCentimetre
            ? self : converted(perInch: 1, perCentimetre: 2.54, perMetre: 0.0254, to: .perInch, limit: 0xFFFF)
    }

    private func converted(
        perInch: Double, perCentimetre: Double, perMetre: Double, to target: Unit, limit: Int
    ) -> Density? {
        let factor: Double
        switch unit {
        case .aspect: factor = 1
        case .perInch: factor = perInch
        case .perCentimetre: factor = perCentimetre
        case .perMetre: factor = perMetre
        }
        let (x, y) = ((Double(x) * factor).rounded(), (Double(y) * factor).rounded())
        guard x >= 1, y >= 1, x <= Double(limit), y <= Double(limit) else { return nil }
        return Density(x: Int(x), y: Int(y), unit: unit == .aspect ? .aspect : target)
    }
}
