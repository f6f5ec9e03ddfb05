import ArgumentParser
import Service

struct ConfigurationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration", abstract: "Prints docs/configuration.md.", shouldDisplay: false)

    func run() { print(ConfigurationDocument.render(), terminator: "") }
}
