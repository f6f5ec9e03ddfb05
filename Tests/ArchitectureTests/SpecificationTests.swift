import Foundation
import Testing

/// Who follows a citation of the specification finds the section.
struct SpecificationTests {
    private let document: String
    private let sections: Set<String>

    init() throws {
        document = try SourceText.text(of: Specification.path)
        sections = Specification.sections(of: document)
    }

    @Test func citedSectionsExist() throws {
        var cited: Set<String> = [], files = 0
        for file in try Specification.citingFiles() {
            let text = try SourceText.text(of: file)
            let citations = Specification.citations(in: text)
            files += citations.isEmpty ? 0 : 1
            cited.formUnion(citations)
            for section in citations {
                #expect(sections.contains(section), "\(file) cites specification \(section), which does not exist")
            }
        }
        #expect(files > 40)
        #expect(cited.isSuperset(of: ["2.2", "5.3", "6", "7.4", "9.2", "11", "12.1", "14"]))
    }

    @Test func citationsNameTheirDocument() throws {
        // This folder's own examples of wrong ones, and the document, whose references to itself are checked below.
        for file in try Specification.citingFiles() where file != Specification.path && !file.hasPrefix("Tests/Arch") {
            for stray in Specification.strays(in: try SourceText.text(of: file)) {
                Issue.record("\(file): \"\(stray)\" of which document? Write \"specification 9.2\" or \"RFC 9110 §5.5\"")
            }
        }
    }

    @Test func linksLeadToHeadings() throws {
        let anchors = Specification.anchors(of: document)
        for file in try Specification.citingFiles() where file.hasSuffix(".md") {
            for link in Specification.links(in: try SourceText.text(of: file)) {
                #expect(anchors.contains(link), "\(file) links to \(Specification.path)#\(link)")
            }
        }
    }

    @Test func theDocumentRefersToSectionsThatItHas() {
        let references = document.matches(of: #/[Ss]ections?\s+((?:(?:,\s+|\s+and\s+)?\d+(?:\.\d+)*)+)/#)
        #expect(references.count > 10)
        for reference in references {
            for section in reference.output.1.matches(of: #/\d+(?:\.\d+)*/#) {
                #expect(sections.contains(String(section.output)), "\(reference.output.0)")
            }
        }
    }

    // MARK: The rules themselves

    @Test func headingsAreSections() {
        let text = "# 0 Title\n## 9. Tiles\ntext 3.1\n### 9.2 Blend weights, (λ)\n##7. no\n## Seven\n"
        #expect(Specification.sections(of: text) == ["9", "9.2"])
        #expect(Specification.anchors(of: text).isSuperset(of: ["9-tiles", "92-blend-weights-λ", "seven"]))
        #expect(!sections.contains("9.7") && !sections.contains("17") && !sections.contains("0"))
    }

    @Test(arguments: [
        ("(specification 9.2)", ["9.2"]),
        ("Specification 2.1. Fresh blocks", ["2.1"]),
        ("specification 8, 9.1 and 11) and 3", ["8", "9.1", "11"]),
        ("a coupling (specification\n    /// 5.3).", ["5.3"]),
        ("specification 5.3\n# and 5.4", ["5.3", "5.4"]),
        ("specification 3 to 5: 12", ["3", "5"]),
        ("[specification](specification.md) 14, step 6", ["14"]),
        ("docs/specification.md 12.1", ["12.1"]),
        ("the specification's 3 parts, specifications 4, specification v5", []),
    ])
    func citationsAreSeen(text: String, sections: [String]) {
        #expect(Specification.citations(in: text) == sections)
    }

    @Test func straysAreSeen() {
        let text = "the specification, section 9.2; sections 8, 9; network.md 7.4; RFC 9110 §5.5; a section of 3 tiles"
        #expect(Specification.strays(in: text) == ["section 9.2", "sections 8", "network.md 7.4"])
    }
}
