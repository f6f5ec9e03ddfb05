import Testing

@testable import Drawing

@Suite struct LetteringTests {
    @Test(arguments: [7, 10, 12, 29]) func everyLetterIsThereAtEverySize(_ capitalHeight: Int) {
        let lettering = Lettering(capitalHeight: capitalHeight)
        for scalar in (UInt8(33)...126).map({ UnicodeScalar($0) }) + ["×", "Δ", "τ", "…", "−"] {
            let glyph = lettering.glyph(of: Character(scalar))
            #expect(glyph.width > 0 && glyph.advance > 0, "\(scalar) at \(capitalHeight)")
            #expect(glyph.shades.count % glyph.width == 0 && glyph.shades.contains { $0 > 127 }, "\(scalar) at \(capitalHeight)")
        }
        #expect(lettering.glyph(of: " ").advance > 0 && lettering.glyph(of: " ").shades.isEmpty)
    }

    @Test(arguments: [7, 10, 12, 29]) func capitalsAreAsHighAsAskedFor(_ capitalHeight: Int) {
        let lettering = Lettering(capitalHeight: capitalHeight)
        #expect(abs(lettering.glyph(of: "H").top - capitalHeight) <= 1)
        #expect(lettering.lineHeight > capitalHeight)
    }

    @Test func letterOfNobodyIsAQuestionMark() {
        let lettering = Lettering(capitalHeight: 10)
        #expect(lettering.width(of: "日本") == lettering.width(of: "??"))
        #expect(lettering.width(of: "") == 0)
        #expect(lettering.width(of: "iii") < lettering.width(of: "MMM"))
    }

    @Test func textStandsWhereItIsPut() {
        let lettering = Lettering(capitalHeight: 12)
        var canvas = Canvas(width: 120, height: 40, background: .white)
        let width = canvas.text("Heap", x: 20, y: 10, lettering)
        #expect(width == lettering.width(of: "Heap"))
        let inked = (0..<120 * 40).filter { canvas.bytes[3 * $0] < 128 }.map { (x: $0 % 120, y: $0 / 120) }
        #expect(inked.allSatisfy { $0.x >= 20 && $0.x < 20 + width })
        // Capitals reach the top; only the p goes below the line.
        #expect(abs((inked.map(\.y).min() ?? 0) - 10) <= 1)
        #expect(inked.filter { $0.x < 20 + lettering.width(of: "Hea") }.allSatisfy { $0.y <= 22 })
        #expect(inked.contains { $0.y > 23 })
        // Edges are smooth.
        #expect(canvas.bytes.contains { $0 > 60 && $0 < 200 })
    }

    @Test func whatLiesOutsideIsNotDrawn() {
        let lettering = Lettering(capitalHeight: 20)
        var canvas = Canvas(width: 30, height: 12)
        canvas.text("Outside on every side", x: -20, y: -5, lettering)
        #expect(canvas.bytes.count == 30 * 12 * 3)
    }
}
