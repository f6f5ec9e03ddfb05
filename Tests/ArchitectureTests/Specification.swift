import Foundation

/// Sections of docs/specification.md, and how other texts cite them: `specification 9.2`, `specification 5.3 and 5.4`.
enum Specification {
    static let path = "docs/specification.md"

    /// The numbers of a document's headings: `## 9. Tiles`, `### 9.2 Blend weights`.
    static func sections(of document: String) -> Set<String> {
        let headings = document.matches(of: #/^\#{2,4}\ (\d+(?:\.\d+)*)\.?\ /#.anchorsMatchLineEndings())
        return Set(headings.map { String($0.output.1) })
    }

    /// What links to headings say behind the number sign, as GitHub makes it.
    static func anchors(of document: String) -> Set<String> {
        let headings = document.matches(of: #/^\#{1,4}\ (.+)$/#.anchorsMatchLineEndings())
        return Set(
            headings.map { heading in
                String(
                    heading.output.1.lowercased().compactMap { letter in
                        letter == " " ? "-" : letter.isLetter || letter.isNumber || "-_".contains(letter) ? letter : nil
                    })
            })
    }

    /// The sections that a text cites. A citation may go on in the next line, behind the comment's sign.
    static func citations(in text: String) -> [String] {
        // Most files cite nothing, and this is a quick way to see it.
        guard text.contains("pecification") else { return [] }
        let pattern =
            #/
            [Ss]pecification (?:\.md)? (?:\] \( [^)]* \))?
            ( \s+ (?: (?: \/\/+ | \# | \* ) \s+ )? \d{1,2} (?: \. \d{1,2} )* \b
            (?: ,? \s+ (?: (?: \/\/+ | \# | \* ) \s+ )? (?: (?: and | or | to ) \s+ )? \d{1,2} (?: \. \d{1,2} )* \b )* )
            /#
        return text.matches(of: pattern).flatMap { citation in
            citation.output.1.matches(of: #/\d+(?:\.\d+)*/#).map { String($0.output) }
        }
    }

    /// Citations that leave open of which document they are, or name one that is not in the repository. Other documents'
    /// sections are written with their sign (RFC 9110 §5.5).
    static func strays(in text: String) -> [String] {
        text.matches(of: #/\b[Ss]ections?\s+\d+(?:\.\d+)*|network\.md,?\s+\d+(?:\.\d+)*/#).map { String($0.output) }
    }

    /// Anchors of the document that a text links to.
    static func links(in text: String) -> [String] {
        text.matches(of: #/specification\.md\#([^)\s]+)/#).map { String($0.output.1) }
    }

    /// The files that may cite it.
    static func citingFiles() throws -> [String] {
        let folders = ["Sources", "Tests", "Training/deblur_training", "Training/tests", "Training/studies", "docs"]
        return try folders.flatMap { try SourceText.files(below: $0, extensions: ["swift", "c", "h", "py", "md", "sh"]) }
            + ["README.md", "Models/README.md", "Training/README.md"]
    }
}
