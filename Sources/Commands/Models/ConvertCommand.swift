import ArgumentParser
import Evaluation
import Files
import Foundation
import Network
import Service

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Writes a model in the project's own form, .safetensors.",
        discussion: "Reads what --model reads. What the tensors cannot tell (name, exit table, thresholds) comes from "
            + "a side file INPUT.json or the input's own description and becomes part of the result.")

    enum Storage: String, ExpressibleByArgument, CaseIterable { case kept, fp32, bf16, fp16 }

    @Argument(help: ArgumentHelp("The model to read.", valueName: "model"))
    var input: FilePath
    @Argument(help: ArgumentHelp("The file to write, .safetensors.", valueName: "output"))
    var output: FilePath
    @Option(help: "How weights are stored. Biases, norms and scales stay float32 unless they come in less.")
    var storage = Storage.kept
    @Option(help: "Which weights of a checkpoint that holds several (default: params, else state_dict).")
    var entry: EntryOption?
    @Option(help: "A degradation classifier in a file of its own, which becomes part of the model.")
    var classifier: FilePath?

    func validate() throws {
        guard output.fileExtension == "safetensors" else {
            throw ValidationError("\(output): models are written as .safetensors")
        }
    }

    func run() throws {
        let source = try ModelFile.resolve(input)
        try OutputCheck.file(output)
        let target = try output.url()
        let file = try ModelFileWriter(
            contentsOf: source, entry: entry?.entry,
            classifier: try classifier.map { try ModelFile.readable($0, "classifier file") })
        for warning in file.network.warnings {
            Console.note("warning: \(warning)\n")
        }
        try file.write(to: target, as: ModelFileWriter.Storage(rawValue: storage.rawValue) ?? .kept)
        // Loaded again, so that what is reported is what was written.
        let written = try ServedModel(contentsOf: target)
        print("wrote \(output): \(written.reference), \(written.summary.parameters) parameters")
    }
}
