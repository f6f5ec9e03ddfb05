import ArgumentParser
import Foundation
import Kernels
import Service

/// Which model file a command uses.
enum ModelFile {
    /// The named file, else that of `DEBLUR_MODEL`, else the one that comes with deblur.
    ///
    /// - Throws: `ValidationError` that says where was looked.
    static func resolve(_ path: String?) throws -> URL {
        let variable = ProcessInfo.processInfo.environment[OptionRow.model.environment]
            .flatMap { $0.isEmpty ? nil : $0 }
        if let path = path ?? variable {
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw ValidationError("there is no readable model file at \(path)")
            }
            return URL(filePath: path)
        }
        if let url = Installation.file("Models/\(Installation.defaultModel)") { return url }
        let folders = Installation.folders().map(\.path).joined(separator: ", ")
        throw ValidationError(
            "no --model given, and Models/\(Installation.defaultModel) is in none of \(folders)")
    }
}

/// Options of every command that loads a model.
struct ModelOptions: ParsableArguments {
    @Option(help: "Model: .safetensors or an AdaRevD .pth (default: that of deblur itself; env: DEBLUR_MODEL).")
    var model: String?
    @Option(help: "A degradation classifier in a file of its own.")
    var classifier: String?
    @Option(help: ArgumentHelp("Sub-decoder per class, hardest class first, as 4,4,3,3,2,1.", valueName: "list"))
    var exitTable: String?

    func load(precision: KernelSet.Precision) throws -> ServedModel {
        let table = try exitTable.map { text in
            guard let table = OptionRow.parseExitTable(text) else {
                throw ValidationError("--exit-table: a list of whole numbers such as 4,4,3,3,2,1 is expected")
            }
            return table
        }
        return try ServedModel(contentsOf: file, classifier: classifier.map { URL(filePath: $0) }, table: table,
            precision: precision)
    }

    var file: URL { get throws { try ModelFile.resolve(model) } }
}

/// Options of every command that computes.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads that compute (default: the cores this process may use).")
    var threads: Int?
    @Option(help: "Operands of the matrix products.")
    var precision = KernelSet.Precision.fp32

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads: 1 to 1024 is expected") }
    }

    var count: Int { threads ?? Machine.cores }
}

extension KernelSet.Precision: ExpressibleByArgument {}
