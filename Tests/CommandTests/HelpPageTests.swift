import Foundation
import TestSupport
import Testing

@Suite struct HelpPageTests {
    /// Man pages are made from the same text: capitals at the left edge are headings, four spaces text.
    @Test(arguments: ["exits", "formats"])
    func aPageHasTheFormThatManPagesAreMadeFrom(name: String) throws {
        let run = try Program.run("help", name)
        #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
        let lines = run.output.split(separator: "\n").map { String($0) }
        #expect(lines.count > 30)
        for line in lines {
            let indent = line.prefix { $0 == " " }.count
            #expect(line.count <= 90 && line.allSatisfy { $0.isASCII }, "\(line)")
            #expect(indent >= 4 || (indent == 0 && line == line.uppercased()), "\(line)")
        }
    }

    @Test func commandsHaveTheirHelpAndOthersAreNamed() throws {
        let asked = try Program.run("help", "image")
        let direct = try Program.run("image", "--help")
        #expect(asked.status == 0 && asked.output == direct.output)
        let all = try Program.run("help")
        #expect(all.status == 0 && all.output.contains("Pages of help:"), "\(all)")
        let nonsense = try Program.run("help", "nonsense")
        #expect(nonsense.status == 2 && nonsense.errors.contains("exits, formats"), "\(nonsense)")
    }
}
