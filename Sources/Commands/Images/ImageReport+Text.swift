import Evaluation
import Foundation

extension ImageReport {
    /// What was done, for people: of one file its figures, of several their counts.
    func text(isBatch: Bool) -> String? {
        guard isBatch else { return files.first.flatMap(Self.text) }
        let seconds = String(format: "%.1f", summary.seconds)
        var counts = ["\(summary.done) done", "\(summary.skipped) skipped", "\(summary.failed) failed"]
        if summary.notTried > 0 { counts.append("\(summary.notTried) not tried") }
        if summary.leftOut > 0 { counts.append("\(summary.leftOut) left out (\(reasons))") }
        let inputs = part.map { "part \($0.index) of 0…\($0.of - 1), \(summary.inputs) of \(summary.inputsOfAllParts) inputs: " }
        return "\(inputs ?? "")\(counts.joined(separator: ", ")) in \(seconds) s"
    }

    /// `2 neither JPEG nor PNG, 1 hidden`
    private var reasons: String {
        PictureFolder.Reason.allCases.compactMap { reason in
            let count = leftOut.count { $0.reason == reason.rawValue }
            return count > 0 ? "\(count) \(reason.rawValue)" : nil
        }.joined(separator: ", ")
    }

    /// A file that is called so is `./-`.
    private static func name(_ label: String, _ stream: String) -> String { label == "-" ? "standard \(stream)" : label }

    /// A failure has been named already.
    private static func text(_ file: File) -> String? {
        switch file.status {
        case .done:
            let exits = (file.exits ?? [:]).sorted { Int($0.key) ?? 0 < Int($1.key) ?? 0 }
                .map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
            let tiles = file.tiles?.count ?? 0
            let time = file.milliseconds.map { String(format: "%.1f", ($0.decode + $0.infer + $0.encode) / 1e3) } ?? "-"
            let size = "\(file.width ?? 0)×\(file.height ?? 0)"
            let (input, output) = (name(file.input, "input"), name(file.output, "output"))
            return "\(input) → \(output): \(size), \(tiles) tile\(tiles == 1 ? "" : "s") (exits \(exits)), \(time) s"
        case .skipped: return "\(file.input): skipped, \(file.output) is there"
        case .failed, .notTried: return nil
        }
    }
}
