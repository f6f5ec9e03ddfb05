import ArgumentParser
import Checkpoints
import Deblur
import Files
import Foundation

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Says what a model is: architecture, exits, size, digest.")

    @Argument(help: "The model file.")
    var model: FilePath
    @Option(help: "A degradation classifier in a file of its own.")
    var classifier: FilePath?
    @Option(help: "Which weights of a checkpoint that holds several (default: params, else state_dict).")
    var entry: EntryOption?
    @Flag(help: "As JSON, as GET /model answers it.")
    var json = false

    func run() throws {
        let file = try ModelFile(
            contentsOf: ModelPath.resolve(model), entry: entry?.entry,
            classifier: try classifier.map { try ModelPath.readable($0, "classifier file") })
        let summary = try file.model().summary
        if json {
            print(String(decoding: JSON.encode(summary, pretty: true), as: UTF8.self))
        } else {
            print(Self.text(summary, file.mainFile), terminator: "")
        }
    }

    /// How the file is built, which of its entries was read, and how numbers are stored.
    private static func form(of archive: TensorArchive) -> String {
        let types = Dictionary(grouping: archive.names.compactMap { archive[$0]?.elementType.rawValue }) { $0 }
            .map { "\($0.value.count) \($0.key)" }.sorted()
        let others = archive.entries.filter { $0 != archive.entry }.map(\.rawValue)
        let entry = archive.entry == .bare ? "a bare dictionary" : "entry \(archive.entry.rawValue)"
        return "\(archive.container.rawValue), \(entry)"
            + (others.isEmpty ? "" : " (--entry reads \(others.joined(separator: " or ")) instead)")
            + ", tensors: \(types.joined(separator: ", "))"
    }

    /// What UFPNet's flow scales its kernels by, which files may differ in.
    private static func flow(of archive: TensorArchive) -> String? {
        func value(_ name: String) -> Float? { archive["encoder.flow.\(name)"]?.floats().first }
        guard let alpha = value("alpha"), let normalization = value("normalization") else { return nil }
        return "alpha \(alpha), normalization \(normalization)"
    }

    private static func text(_ summary: ModelSummary, _ archive: TensorArchive) -> String {
        func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }
        let blocks = summary.encoderBlocks.map(String.init).joined(separator: "-")
        var rows = [
            ("name", summary.name), ("file", form(of: archive)), ("digest", summary.digest),
            ("encoder", "\(summary.encoder), width \(summary.width), blocks \(blocks), middle \(summary.middleBlocks)"),
            ("sub-decoders", String(summary.subDecoders)), ("parameters", String(summary.parameters)),
            ("classes", String(summary.classes)),
            ("exits chosen by", summary.classifier ?? "nothing: fixed exits only"),
            ("exit table", summary.exitTable.map { list($0) + " (hardest class first)" } ?? "none"),
            ("tau", summary.tau.map { "\($0) dB" } ?? "none"),
            ("tile", "\(summary.tile) pixels, overlap \(summary.overlap)"),
        ]
        if let flow = flow(of: archive) { rows.append(("kernel flow", flow)) }
        for (index, gains) in (summary.incrementsDecibels ?? []).enumerated() {
            let values = gains.map { $0.map { String(format: "%+.3f", $0) } ?? "no sample" }.joined(separator: ", ")
            rows.append(("increments", "class \(index): \(values) dB"))
        }
        rows += summary.warnings.map { ("warning", $0) }
        return rows.map { $0.0.padding(toLength: 16, withPad: " ", startingAt: 0) + $0.1 + "\n" }.joined()
    }
}
