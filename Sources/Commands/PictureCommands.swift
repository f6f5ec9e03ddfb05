import ArgumentParser

/// The commands that need no service: pictures and models.
package enum PictureCommands {
    package static let all: [any ParsableCommand.Type] = [
        ImageCommand.self, InspectCommand.self, BenchCommand.self, SelfTestCommand.self, EvalCommand.self,
        CalibrateCommand.self, ConvertCommand.self,
    ]
}
