import ArgumentParser
import Commands
import Deblur
import Foundation
import ServeCommands

struct DeblurCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deblur",
        abstract: "Makes blurred photos sharp with the network AdaRevD, on the CPU.",
        discussion: """
            Exit codes: 0 done, 1 something failed, 2 wrong usage. Pages of help: deblur help exits, deblur help formats.
            """,
        version: Version.line,
        subcommands: ServiceCommands.all + PictureCommands.all + [HelpPageCommand.self])

    /// Ends the process: 0 for what was asked for (help, version), 2 for wrong usage, else 1 or what the command says.
    ///
    /// - Parameter command: that was running; its usage is shown when it was used wrongly.
    static func finish(with error: any Error, in command: (any ParsableCommand.Type)? = nil) -> Never {
        let code = exitCode(for: error)
        var message = fullMessage(for: error)
        if let command, let mistake = error as? ValidationError {
            let name = "deblur \(command.configuration.commandName ?? "")"
            message = "Error: \(mistake.message)\nUsage: \(usageString(for: command))\n  See '\(name) --help' for more information."
        }
        if !message.isEmpty {
            if code == .success { try? Console.output(message + "\n") } else { Console.note(message + "\n") }
        }
        Glibc.exit(code == .validationFailure ? 2 : code.rawValue)
    }
}
