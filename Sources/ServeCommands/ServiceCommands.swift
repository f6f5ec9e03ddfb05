import ArgumentParser

/// The commands that run the HTTP service or ask it.
package enum ServiceCommands {
    package static let all: [any ParsableCommand.Type] = [
        ServeCommand.self, HealthCommand.self, MigrateCommand.self, ConfigurationCommand.self,
    ]
}
