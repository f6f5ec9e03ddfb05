import ArgumentParser
import Checkpoints
import Deblur
import Files
import Foundation
import Kernels
import Network

/// Which model file a command uses.
package enum ModelPath {
    /// The named file, else that of `DEBLUR_MODEL`, else the one that comes with deblur.
    ///
    /// - Throws: `ValidationError` that says where was looked.
    package static func resolve(_ path: FilePath?) throws -> URL {
        let variable = getenv(Installation.modelVariable).map { start in
            FilePath(bytes: UnsafeRawBufferPointer(start: start, count: strlen(start)))
        }
        if let path = path ?? variable.flatMap({ $0.bytes.isEmpty ? nil : $0 }) { return try readable(path, "model file") }
        if let url = Installation.file("Models/\(Installation.defaultModel)") { return url }
        let folders = Installation.folders().map(\.path).joined(separator: ", ")
        throw ValidationError(
            "no --model given, and Models/\(Installation.defaultModel) is in none of \(folders)")
    }

    /// A file that a command is told to read.
    ///
    /// - Parameter what: for the message: `classifier file`.
    /// - Throws: `ValidationError`.
    package static func readable(_ path: FilePath, _ what: String) throws -> URL {
        switch path.kind {
        case .file:
            guard path.isReadable else { throw ValidationError("\(path): no permission to read this \(what)") }
        case .folder: throw ValidationError("\(path) is a folder, not a \(what)")
        case .other: throw ValidationError("\(path) is not a file: a \(what) is read from a file")
        case nil: throw ValidationError("there is no \(what) at \(path)")
        }
        return try path.url()
    }
}

/// Which of a checkpoint's dictionaries of weights is meant.
enum EntryOption: String, ExpressibleByArgument, CaseIterable {
    case params
    case averaged = "params_ema"
    case stateDict = "state_dict"

    var entry: TensorArchive.Entry? { TensorArchive.Entry(rawValue: rawValue) }
}

/// Options of every command that loads a model.
struct ModelOptions: ParsableArguments {
    @Option(help: "Model: .safetensors or an AdaRevD .pth (default: that of deblur itself; env: DEBLUR_MODEL).")
    var model: FilePath?
    @Option(help: "A degradation classifier in a file of its own.")
    var classifier: FilePath?
    @Option(help: "Which weights of a checkpoint that holds several (default: params, else state_dict).")
    var entry: EntryOption?
    @Option(
        help: ArgumentHelp(
            "Draw the noise that the authors add to UFPNet's kernel codes, from this seed (default: none, their mean).",
            valueName: "seed"))
    var kernelNoise: UInt64?

    /// The files, read and put together.
    ///
    /// - Throws: `ValidationError`, `CheckpointError`, `ModelError`.
    func read() throws -> ModelFile {
        try ModelFile(
            contentsOf: file, entry: entry?.entry, classifier: try classifier.map { try ModelPath.readable($0, "classifier file") })
    }

    /// - Throws: `ValidationError` for options that the model cannot follow; `CheckpointError`, `ModelError`.
    func load(precision: KernelSet.Precision) throws -> Model {
        try checkingNoise { try read().model(kernelNoise: kernelNoise, precision: precision) }
    }

    /// Turns what is wrong with the option into words about the option.
    func checkingNoise<Loaded>(_ load: () throws -> Loaded) throws -> Loaded {
        do {
            return try load()
        } catch let error as ModelError where error == .noiseWithoutBlur {
            throw ValidationError("--kernel-noise: \(error)")
        }
    }

    var file: URL { get throws { try ModelPath.resolve(model) } }
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
