import ArgumentParser
import Network
import Service
import Tiles

/// Options of commands that measure a model as it would be used.
struct ExitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("adaptive, or the sub-decoder (1…K) after which every tile leaves.", valueName: "exit"))
    var exit = "adaptive"
    @Option(
        help: ArgumentHelp("Derive the exit table anew: a sub-decoder has to gain more than this.", valueName: "dB"))
    var tau: Double?
    @Option(help: "What the encoder sees: each tile alone, or the whole image once as in the authors' evaluation.")
    var mode = ModeOption.tile
    @Option(help: "How a lone row or column of tiles is weighted.")
    var blend = ImageCommand.Blend.edgeSafe

    func validate() throws {
        if let tau, !(0...100).contains(tau) { throw ValidationError("--tau: 0 to 100 dB is expected") }
    }

    func restoration(_ served: ServedModel) throws -> RestorationOptions {
        do {
            let fixed = try ExitChoice.fixedExit(exit)
            if fixed != nil, tau != nil { throw ValidationError("--tau derives adaptive exits: leave out --exit") }
            return RestorationOptions(
                exit: try served.policy(ExitChoice(fixed: fixed, tau: tau)), mode: mode.mode,
                blend: blend == .authors ? .authors : .edgeSafe)
        } catch let error as ExitChoiceError {
            throw ValidationError("--\(error.parameter): \(error.reason)")
        }
    }
}

enum ModeOption: String, ExpressibleByArgument, CaseIterable {
    case tile, whole

    var mode: EncodingMode { self == .whole ? .whole : .tile }
}
