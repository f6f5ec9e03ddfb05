import ArgumentParser
import Deblur
import Files
import Foundation

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Writes a model in the project's own form, .safetensors.",
        discussion: "Reads what --model reads. What the tensors cannot tell (name, exit table, thresholds) comes from "
            + "a side file INPUT.json or the input's own description and becomes part of the result.")

    @Argument(help: ArgumentHelp("The model to read.", valueName: "model"))
    var input: FilePath
    @Argument(help: ArgumentHelp("The file to write, .safetensors.", valueName: "output"))
    var output: FilePath
    @Option(help: "How weights are stored. Biases, norms and scales stay float32 unless they come in less.")
    var storage = ModelFile.Storage.kept
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
        let source = try ModelPath.resolve(input)
        try OutputCheck.file(output)
        let target = try output.url()
        let file = try ModelFile(
            contentsOf: source, entry: entry?.entry,
            classifier: try classifier.map { try ModelPath.readable($0, "classifier file") })
        // Only numbers that make a network are worth writing.
        for warning in try file.network().warnings { Console.note("warning: \(warning)\n") }
        try file.write(to: target, as: storage)
        // Loaded again, so that what is reported is what was written.
        let written = try ModelFile(contentsOf: target).model()
        print("wrote \(output): \(written.reference), \(written.summary.parameters) parameters")
    }
}

extension ModelFile.Storage: ExpressibleByArgument {}
