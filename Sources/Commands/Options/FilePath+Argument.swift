import ArgumentParser
import Deblur
import Files
import Foundation

extension FilePath: ExpressibleByArgument {
    public init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        self.init(bytes: ArgumentText.bytes(of: argument))
    }

    public static var defaultCompletionKind: CompletionKind { .file() }

    /// Whether it stands for standard input or output. A file of that name is `./-`.
    var isDash: Bool { bytes == [UInt8(ascii: "-")] }

    /// For the layers that open models: they name files by text. A folder whose name is not UTF-8 is reached through its
    /// descriptor, which stays open as long as the process.
    ///
    /// - Throws: `ValidationError` where the last component is not UTF-8.
    func url() throws -> URL {
        if let text {
            // Foundation takes the working folder for text, too.
            let isBelowOddFolder = !text.hasPrefix("/") && FilePath(".").resolved?.text == nil
            return URL(filePath: isBelowOddFolder ? "/proc/self/cwd/\(text)" : text)
        }
        guard let name = lastComponent?.text, !endsWithSlash else {
            throw ValidationError("\(self): the name of a model has to be UTF-8")
        }
        let folder = parent.openForGood()
        guard let folder else { throw ValidationError("\(self): there is no folder \(parent)") }
        return URL(filePath: "/proc/self/fd/\(folder)/\(name)")
    }
}

extension FileOutput {
    /// `-` is standard output.
    init(_ path: FilePath) { self = path.isDash ? .standardOutput : .file(path) }

    /// - Throws: `FileError`.
    func write(json value: some Encodable) throws { try write([UInt8](JSON.encode(value, pretty: true) + Data("\n".utf8))) }

    /// In reports: what the user wrote.
    var label: FilePath { self == .standardOutput ? FilePath("-") : path }
}

extension FileInput {
    /// `-` is standard input.
    init(_ path: FilePath) { self = path.isDash ? .standardInput : .file(path) }

    var label: FilePath { self == .standardInput ? FilePath("-") : path }
}
