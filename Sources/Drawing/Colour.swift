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

    public static let white = Colour(255, 255, 255)
    public static let black = Colour(20, 20, 20)
    public static let gray = Colour(200, 200, 200)

    /// From hard (red) to easy (blue), apart also for eyes that do not tell red from green.
    public static func scale(_ index: Int, of count: Int) -> Colour {
        let stops = [
            Colour(178, 24, 43), Colour(239, 138, 98), Colour(230, 190, 70), Colour(146, 197, 170),
            Colour(67, 147, 195), Colour(33, 80, 172),
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
