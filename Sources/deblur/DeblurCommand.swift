import ArgumentParser
import Foundation
import Service

struct DeblurCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deblur",
        abstract: "Makes blurred photos sharp with the network AdaRevD, on the CPU.",
        discussion: "Exit codes: 0 done, 1 something failed, 2 wrong usage.",
        version: "deblur \(Version.current)",
        subcommands: [
            ServeCommand.self, ImageCommand.self, InspectCommand.self, BenchCommand.self, SelfTestCommand.self,
            HealthCommand.self, ConfigurationCommand.self, EvalCommand.self, CalibrateCommand.self, ConvertCommand.self,
        ])

    /// Ends the process: 0 for what was asked for (help, version), 2 for wrong usage, else 1 or what the command says.
    static func finish(with error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if !message.isEmpty {
            let stream = code == .success ? FileHandle.standardOutput : .standardError
            stream.write(Data((message + "\n").utf8))
        }
        Glibc.exit(code == .validationFailure ? 2 : code.rawValue)
    }
}
