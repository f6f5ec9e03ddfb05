import Foundation

/// A table in Markdown, padded so that it reads well as plain text.
public struct MarkdownTable: Sendable {
    private let header: [String]
    private var rows: [[String]] = []

    public init(_ header: [String]) { self.header = header }

    /// As many cells as the header has.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count == header.count, "\(cells)")
        rows.append(cells.map { $0.replacing("|", with: "\\|") })
    }

    /// The first column is aligned left, the others right.
    public var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blanks : blanks + cell
            }
            return "| \(padded.joined(separator: " | ")) |\n"
        }
        let rule = widths.enumerated().map { column, width in
            String(repeating: "-", count: max(3, width) - (column == 0 ? 0 : 1)) + (column == 0 ? "" : ":")
        }
        return line(header) + line(rule) + rows.map(line).joined()
    }

    static func fixed(_ value: Double?, _ digits: Int, signed: Bool = false) -> String {
        guard let value else { return "-" }
        if value == .infinity { return "equal" }
        return String(format: signed ? "%+.\(digits)f" : "%.\(digits)f", value)
    }

    static func percent(_ share: Double?) -> String {
        share.map { String(format: "%.1f %%", $0 * 100) } ?? "-"
    }
}
