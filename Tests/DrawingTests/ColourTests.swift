import Foundation
import Testing

@testable import Drawing

/// Pictures of the service look like its page.
@Suite struct ColourTests {
    private func source(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private func hex(_ colour: Colour) -> String { String(format: "#%02x%02x%02x", colour.red, colour.green, colour.blue) }

    @Test func groundInkAndRulesAreThePages() throws {
        let style = try source("Public/css/base.css")
        for (name, colour) in [("paper", Colour.paper), ("ink", .ink), ("muted", .muted), ("line", .rule)] {
            #expect(style.contains("--\(name): light-dark(\(hex(colour)),"), "\(name)")
        }
        #expect(style.contains("--accent: light-dark(#16545a, \(hex(.mark)))"))
    }

    @Test func scaleIsThePagesFromDarkToLight() throws {
        let stops = (0..<5).map { "\"\(hex(.scale($0, of: 5)))\"" }
        #expect(try source("Public/js/heat-map.js").contains("const ramp = [\(stops.reversed().joined(separator: ", "))]"))
    }

    @Test func scaleEndsAtItsEnds() {
        #expect(Colour.scale(-1, of: 3) == Colour.scale(0, of: 3) && Colour.scale(7, of: 3) == Colour.scale(2, of: 3))
        #expect(Colour.scale(0, of: 1) == Colour.scale(0, of: 9))
    }

    @Test func framesAreDrawnOnce() {
        var canvas = Canvas(width: 9, height: 7, background: Colour(0, 0, 0))
        canvas.frame(x: 1, y: 1, width: 7, height: 5, thickness: 1, .white, opacity: 0.5)
        // Corners as light as sides.
        #expect(Set(canvas.bytes) == [0, 128])
        #expect(canvas.bytes.count { $0 == 128 } == 3 * (2 * 7 + 2 * 3))
    }
}
