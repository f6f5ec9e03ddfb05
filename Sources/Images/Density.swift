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

    /// As pHYs holds it: per metre or an aspect ratio, 31 bits.
    var forPNG: Density? { converted(to: .perMetre, limit: 0x7FFF_FFFF) }

    /// As JFIF holds it: per centimetre, per inch or an aspect ratio, 16 bits.
    var forJPEG: Density? { converted(to: unit == .perCentimetre ? .perCentimetre : .perInch, limit: 0xFFFF) }

    /// Nil when the numbers do not fit.
    private func converted(to target: Unit, limit: Int) -> Density? {
        let factor = unit == .aspect ? 1 : unit.perMetre / target.perMetre
        let (x, y) = ((Double(x) * factor).rounded(), (Double(y) * factor).rounded())
        guard x >= 1, y >= 1, x <= Double(limit), y <= Double(limit) else { return nil }
        return Density(x: Int(x), y: Int(y), unit: unit == .aspect ? .aspect : target)
    }
}

extension Density.Unit {
    /// How many of the unit's lengths make a metre.
    fileprivate var perMetre: Double {
        switch self {
        case .aspect, .perMetre: 1
        case .perInch: 1 / 0.0254
        case .perCentimetre: 100
        }
    }
}
