import ArgumentParser
import Foundation
import Service

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Says what a model is: architecture, exits, size, digest.")

    @Argument(help: "The model file.")
    var model: String
    @Option(help: "A degradation classifier in a file of its own.")
    var classifier: String?
    @Flag(help: "As JSON, as GET /model answers it.")
    var json = false

    func run() throws {
        let summary = try ServedModel(
            contentsOf: ModelFile.resolve(model), classifier: classifier.map { URL(filePath: $0) }
        ).summary
        if json {
            print(String(decoding: JSON.encode(summary, pretty: true), as: UTF8.self))
        } else {
            print(Self.text(summary), terminator: "")
        }
    }

    private static func text(_ summary: ModelSummary) -> String {
        func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }
        let blocks = summary.encoderBlocks.map(String.init).joined(separator: "-")
        var rows = [
            ("name", summary.name), ("digest", summary.digest),
            ("encoder", "\(summary.encoder), width \(summary.width), blocks \(blocks), middle \(summary.middleBlocks)"),
            ("sub-decoders", String(summary.subDecoders)), ("parameters", String(summary.parameters)),
            ("classes", String(summary.classes)),
            ("exits chosen by", summary.classifier ?? "nothing: fixed exits only"),
            ("exit table", summary.exitTable.map { list($0) + " (hardest class first)" } ?? "none"),
            ("tau", summary.tau.map { "\($0) dB" } ?? "none"),
            ("tile", "\(summary.tile) pixels, overlap \(summary.overlap)"),
        ]
        for (index, gains) in (summary.incrementsDecibels ?? []).enumerated() {
            let values = gains.map { $0.map { String(format: "%+.3f", $0) } ?? "no sample" }.joined(separator: ", ")
            rows.append(("increments", "class \(index): \(values) dB"))
        }
        rows += summary.warnings.map { ("warning", $0) }
        return rows.map { $0.0.padding(toLength: 16, withPad: " ", startingAt: 0) + $0.1 + "\n" }.joined()
    }
}
