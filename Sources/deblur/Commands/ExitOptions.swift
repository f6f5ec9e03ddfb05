import ArgumentParser
import Network
import Service
import Tiles

/// Options of commands that measure a model as it would be used.
struct ExitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("adaptive, or the sub-decoder (1…K) after which every tile leaves.", valueName: "exit"))
    var exit = "adaptive"
    @Option(help: ArgumentHelp("Derive the exit table anew: a sub-decoder has to gain more than this, in dB.", valueName: "dB"))
    var tau: Double?
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
                exit: try served.policy(ExitChoice(fixed: fixed, tau: tau)),
                blend: blend == .authors ? .authors : .edgeSafe)
        } catch let error as ExitChoiceError {
            throw ValidationError("--\(error.parameter): \(error.reason)")
        }
    }
}
