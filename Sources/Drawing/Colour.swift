/// Red, green and blue, 0…255.
public struct Colour: Sendable, Equatable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    // Those of the page (Public/css/base.css).
    public static let paper = Colour(246, 244, 240)
    public static let ink = Colour(29, 28, 26)
    public static let muted = Colour(98, 94, 87)
    public static let rule = Colour(213, 208, 199)
    /// Stands out from every colour of the scale.
    public static let mark = Colour(143, 211, 210)
    public static let white = Colour(255, 255, 255)

    /// From hard (dark) to easy (light), apart by lightness as well as by hue: for colour-blind eyes and in gray. The page's
    /// (Public/js/heat-map.js).
    public static func scale(_ index: Int, of count: Int) -> Colour {
        let stops = [
            Colour(92, 26, 131), Colour(177, 47, 119), Colour(234, 102, 86), Colour(252, 180, 95),
            Colour(253, 240, 166),
        ]
        guard count > 1 else { return stops[0] }
        let position = Double(min(max(index, 0), count - 1)) / Double(count - 1) * Double(stops.count - 1)
        let low = min(Int(position), stops.count - 2)
        return stops[low].mixed(with: stops[low + 1], share: position - Double(low))
    }

    /// `share` of `other`, 0…1.
    public func mixed(with other: Colour, share: Double) -> Colour {
        func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
            UInt8((Double(a) + (Double(b) - Double(a)) * min(max(share, 0), 1)).rounded())
        }
        return Colour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
    }
}
